#pragma once

#include "actors/atoms.hpp"
#include "runtime/engines/outbound_http.hpp"
#include "storage/keys.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <variant>

namespace penstock {

/// Something that the webhook actor asked for has happened.
struct delivery_news {
  struct answered {
    delivery_id id;
    result<outbound_response> response;
  };
  struct settled {
    partition_id partition = 0;
    result<void> stored;
  };
  struct dropped {
    partition_id partition = 0;
    uuid endpoint;
    result<bool> more;
  };
  struct disabled {
    endpoint_id id;
  };
  struct cleared {
    partition_id partition = 0;
    result<std::string> next; ///< Where to go on; empty: nothing is left.
  };
  std::variant<answered, settled, dropped, disabled, cleared> what;
};
using delivery_news_ptr = std::shared_ptr<delivery_news>;

/// WEBHOOK: posts events to those who subscribed, each at least once, and clears old ones.
using webhook_actor = caf::typed_actor<
  // A delivery was made durable as pending. Not told what is not in the store yet.
  caf::reacts_to<keys::pending_delivery>,
  // The node's copy of the system tables has changed: endpoints may be gone.
  caf::reacts_to<changed_atom>,
  // Takes up what was pending when the node stopped. Sent once, when the partitions are there.
  caf::reacts_to<start_atom>,
  // INTERNAL: an answer from a receiver, or from a partition.
  caf::reacts_to<delivery_news_ptr>,
  // INTERNAL: its own clock. A token tells the wake-up that counts from older ones.
  caf::reacts_to<wake_atom, std::uint64_t>,
  // INTERNAL: figures, and the clearing of old events.
  caf::reacts_to<sweep_atom>>;

} // namespace penstock

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::keys::pending_delivery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::delivery_news_ptr)
