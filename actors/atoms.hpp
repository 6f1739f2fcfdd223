#pragma once

#include <caf/atom.hpp>

/// All atoms of Penstock: an atom is its text, of at most ten characters.
namespace penstock {

using durable_atom = caf::atom_constant<caf::atom("durable")>;
using taken_atom = caf::atom_constant<caf::atom("taken")>;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;
using changed_atom = caf::atom_constant<caf::atom("changed")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using reorder_atom = caf::atom_constant<caf::atom("reorder")>;
using due_atom = caf::atom_constant<caf::atom("due")>;
using soon_atom = caf::atom_constant<caf::atom("soon")>;
using look_atom = caf::atom_constant<caf::atom("look")>;
using arm_atom = caf::atom_constant<caf::atom("arm")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using refill_atom = caf::atom_constant<caf::atom("refill")>;

} // namespace penstock
