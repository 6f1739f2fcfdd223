#include "runtime/plan/plan_graph.hpp"

#include "runtime/model/ascii.hpp"
#include "runtime/model/nearest_name.hpp"
#include "runtime/plan/placeholders.hpp"
#include "runtime/plan/sql_tables.hpp"
#include "runtime/plan/task_fields.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace penstock {

namespace {

constexpr task_index no_task = std::numeric_limits<task_index>::max();

class task_linker {
public:
  explicit task_linker(compile_context& ctx) : ctx_(ctx), drafts_(ctx.drafts), needs_(drafts_.size()) {}

  void run() {
    index_ids();
    for (task_index i = 0; i < drafts_.size(); ++i) link(i);
    sort_by_needs();
    if (order_.size() < drafts_.size()) report_cycles();
    warn_of_lost_output();
    if (ctx_.problems.empty()) make_tasks();
  }

private:
  /// Sorted, not hashed: ids are a stranger's, who could choose them to collide.
  void index_ids() {
    ids_.reserve(drafts_.size());
    for (task_index i = 0; i < drafts_.size(); ++i)
      if (!drafts_[i].spec.id.empty()) ids_.emplace_back(drafts_[i].spec.id, i);
    std::sort(ids_.begin(), ids_.end());
    for (std::size_t k = 1; k < ids_.size(); ++k) {
      if (ids_[k].first != ids_[k - 1].first) continue;
      const task_draft& again = drafts_[ids_[k].second];
      ctx_.problems.add(again.field + ".id", again.at,
                        quoted(again.spec.id) + " is also the id of " + drafts_[ids_[k - 1].second].field);
    }
  }

  /// The first task of that id; `no_task` if there is none.
  [[nodiscard]] task_index find(std::string_view id) const noexcept {
    const auto it = std::lower_bound(ids_.begin(), ids_.end(), std::pair<std::string_view, task_index>{id, 0});
    return it != ids_.end() && it->first == id ? it->second : no_task;
  }

  task_index resolve(const task_reference& ref, const char* role) {
    const task_index found = find(ref.id);
    if (found != no_task) return found;
    std::string near;
    if (ctx_.problems.few()) { // Each search looks at every task.
      std::vector<std::string_view> known;
      for (const auto& [id, index] : ids_) known.push_back(id);
      near = nearest_name(ref.id, known);
    }
    ctx_.problems.add(ref.field, ref.at, "names " + quoted(ref.id) + ", which is no task" + role + did_you_mean(near));
    return no_task;
  }

  void link(task_index i) {
    task_draft& draft = drafts_[i];
    std::vector<task_index>& needs = needs_[i];
    for (const task_reference& ref : draft.needs) add_need(i, resolve(ref, ""), ref);
    if (draft.table) {
      const task_index table = resolve(*draft.table, " whose rows could be the items");
      add_need(i, table, *draft.table);
      if (table != no_task) expect_table(table, *draft.table);
      draft.spec.for_each.table = table;
    }
    std::sort(needs.begin(), needs.end());
    needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
    if (draft.spec.type == task_type::sink && draft.spec.unavailable.empty()) link_sink(i);
    note_other_tasks(i);
    if (!draft.spec.checks.empty() && !makes_table(draft.spec))
      ctx_.problems.add(draft.field + ".checks", draft.at,
                        "need a table, and " + described(i) +
                          " makes none; put them on the task whose table they read");
    if (draft.item_at && draft.spec.for_each.kind == for_each_kind::none)
      ctx_.problems.add(draft.field, *draft.item_at, "uses {{ item }} without for_each");
  }

  void add_need(task_index i, task_index needed, const task_reference& ref) {
    if (needed == i) ctx_.problems.add(ref.field, ref.at, "names the task itself");
    else if (needed != no_task) needs_[i].push_back(needed);
  }

  [[nodiscard]] std::string described(task_index i) const {
    const task_spec& spec = drafts_[i].spec;
    std::string out = quoted(spec.id) + " (" + std::string{to_text(spec.type)};
    if (spec.type == task_type::shell) out += " without output";
    return out + ")";
  }

  void expect_table(task_index i, const task_reference& ref) {
    if (!makes_table(drafts_[i].spec))
      ctx_.problems.add(ref.field, ref.at, "names " + described(i) + ", which makes no table");
  }

  /// A sink writes the table it names in `from`, or the only one among its needs.
  void link_sink(task_index i) {
    task_draft& draft = drafts_[i];
    const std::vector<task_index>& needs = needs_[i];
    if (draft.from) {
      const task_index from = resolve(*draft.from, "");
      if (from == no_task) return;
      if (!std::binary_search(needs.begin(), needs.end(), from))
        return ctx_.problems.add(draft.from->field, draft.from->at,
                                 "names " + quoted(draft.from->id) + ", which is not among needs");
      return expect_table(from, *draft.from);
    }
    std::vector<task_index> tables;
    for (const task_index n : needs)
      if (makes_table(drafts_[n].spec)) tables.push_back(n);
    if (tables.size() == 1) {
      draft.spec.config.set("from", value{drafts_[tables.front()].spec.id});
    } else if (!tables.empty()) {
      ctx_.problems.add(draft.field + ".from", draft.at,
                        "is missing; the sink needs several tables and writes one of them");
    } else if (needs.empty()) {
      // A reference that names no task is reported already.
      if (draft.needs.empty())
        ctx_.problems.add(draft.field + ".needs", draft.at, "is missing; a sink writes the table of a task it needs");
    } else {
      ctx_.problems.add(draft.field + ".needs", draft.at,
                        "names no task with a table to write; " + described(needs.front()) + " makes none");
    }
  }

  /// Ids in small letters, as SQL compares names; made when the first SQL comes.
  const std::vector<std::pair<std::string, task_index>>& small_ids() {
    if (small_ids_.empty()) {
      for (const auto& [id, index] : ids_) small_ids_.emplace_back(lower_ascii(id), index);
      std::sort(small_ids_.begin(), small_ids_.end());
    }
    return small_ids_;
  }

  /// The task that SQL of task `i` means by a name without needing it; `no_task` if there is none.
  task_index unneeded_task(task_index i, const std::string& name) {
    const auto& ids = small_ids();
    const auto it = std::lower_bound(ids.begin(), ids.end(), std::pair{name, task_index{0}});
    if (it == ids.end() || it->first != name || it->second == i) return no_task;
    return std::binary_search(needs_[i].begin(), needs_[i].end(), it->second) ? no_task : it->second;
  }

  /// Tasks that the SQL of a task names without needing them. Whether it means them is certain only when it fails for
  /// want of such a table, so the config keeps them for that; those it reads to all appearance are a warning.
  void note_other_tasks(task_index i) {
    task_draft& draft = drafts_[i];
    const value* sql = draft.spec.type == task_type::sql ? draft.spec.config.find("sql") : nullptr;
    std::string all;
    if (const auto* text = sql ? sql->as_string() : nullptr) all = *text;
    for (const check_spec& check : draft.spec.checks) all += "\n;" + check.sql;
    if (all.empty()) return;
    all = replace_placeholders(all, " ");
    constexpr std::size_t noted_max = 100;
    value::list others;
    for (const std::string& name : names_in_sql(all))
      if (const task_index other = unneeded_task(i, name); other != no_task && others.size() < noted_max)
        others.emplace_back(drafts_[other].spec.id);
    if (others.empty()) return;
    for (const std::string& name : tables_in_sql(all))
      if (const task_index other = unneeded_task(i, name); other != no_task)
        ctx_.warn("task " + quoted(draft.spec.id) + " reads " + quoted(drafts_[other].spec.id) +
                    ", a task of this pipeline that it does not need: add it to needs",
                  draft.field, sql ? sql->at : draft.at);
    draft.spec.config.set("other_tasks", value{std::move(others)});
  }

  /// The run's output, which is downloaded, is what its last sink writes where it is given no path.
  void warn_of_lost_output() {
    std::vector<task_index> sinks;
    for (const task_index i : order_)
      if (const task_spec& spec = drafts_[i].spec; spec.type == task_type::sink && spec.unavailable.empty())
        sinks.push_back(i);
    const auto has_path = [&](task_index i) { return drafts_[i].spec.config.find("path") != nullptr; };
    if (sinks.empty() || has_path(sinks.back())) return;
    const task_index last = sinks.back();
    std::erase_if(sinks, has_path);
    if (sinks.size() < 2) return;
    constexpr std::size_t shown_max = 10;
    std::vector<std::string> shown;
    for (std::size_t k = 0; k < std::min(sinks.size(), shown_max); ++k)
      shown.push_back(quoted(drafts_[sinks[k]].spec.id));
    std::string names;
    for (std::size_t k = 0; k < shown.size(); ++k)
      names += (k == 0 ? "" : k + 1 == sinks.size() ? " and " : ", ") + shown[k];
    if (sinks.size() > shown_max) names += " and " + std::to_string(sinks.size() - shown_max) + " more";
    ctx_.warn("the sinks " + names + " have no path: only what " + quoted(drafts_[last].spec.id) +
                ", the last, writes is the run's output",
              drafts_[last].field, drafts_[last].at);
  }

  /// Kahn's algorithm (Topological sorting of large networks, 1962), always taking the first written of what is ready.
  void sort_by_needs() {
    const std::size_t count = drafts_.size();
    std::vector<std::vector<task_index>> needed_by(count);
    std::vector<std::size_t> open_needs(count);
    for (task_index i = 0; i < count; ++i) {
      open_needs[i] = needs_[i].size();
      for (const task_index n : needs_[i]) needed_by[n].push_back(i);
    }
    std::priority_queue<task_index, std::vector<task_index>, std::greater<>> ready;
    for (task_index i = 0; i < count; ++i)
      if (open_needs[i] == 0) ready.push(i);
    position_.assign(count, no_task);
    order_.reserve(count);
    while (!ready.empty()) {
      const task_index i = ready.top();
      ready.pop();
      position_[i] = static_cast<task_index>(order_.size());
      order_.push_back(i);
      for (const task_index follower : needed_by[i])
        if (--open_needs[follower] == 0) ready.push(follower);
    }
  }

  /// What is left unsorted is in a cycle or behind one: following any unsorted need from there runs into a cycle.
  void report_cycles() {
    std::vector<task_index> walk_of(drafts_.size(), no_task); // The walk that came by, named by where it began.
    for (task_index start = 0; start < drafts_.size(); ++start) {
      if (position_[start] != no_task || walk_of[start] != no_task) continue;
      task_index at = start;
      while (walk_of[at] == no_task) {
        walk_of[at] = start;
        at = *std::find_if(needs_[at].begin(), needs_[at].end(), [&](task_index n) { return position_[n] == no_task; });
      }
      if (walk_of[at] == start) report_cycle(at);
    }
  }

  void report_cycle(task_index first) {
    std::vector<task_index> members;
    task_index at = first;
    do {
      members.push_back(at);
      at = *std::find_if(needs_[at].begin(), needs_[at].end(), [&](task_index n) { return position_[n] == no_task; });
    } while (at != first);
    std::rotate(members.begin(), std::min_element(members.begin(), members.end()), members.end());
    constexpr std::size_t shown_max = 20;
    std::string names;
    for (std::size_t k = 0; k < members.size() && k < shown_max; ++k) names += drafts_[members[k]].spec.id + " -> ";
    if (members.size() > shown_max) names += "… -> ";
    names += drafts_[members.front()].spec.id;
    const task_draft& draft = drafts_[members.front()];
    ctx_.problems.add(draft.field, draft.at, "needs itself: " + names + " (each needs the next)");
  }

  void make_tasks() {
    ctx_.made.tasks.reserve(order_.size());
    for (const task_index i : order_) {
      task_spec spec = std::move(drafts_[i].spec);
      spec.needs.reserve(needs_[i].size());
      for (const task_index n : needs_[i]) spec.needs.push_back(position_[n]);
      std::sort(spec.needs.begin(), spec.needs.end());
      if (spec.for_each.kind == for_each_kind::table) spec.for_each.table = position_[spec.for_each.table];
      ctx_.made.tasks.push_back(std::move(spec));
    }
  }

  compile_context& ctx_;
  std::vector<task_draft>& drafts_;
  std::vector<std::vector<task_index>> needs_;
  std::vector<std::pair<std::string_view, task_index>> ids_;
  std::vector<std::pair<std::string, task_index>> small_ids_;
  std::vector<task_index> order_;    ///< Written indexes in the plan's order.
  std::vector<task_index> position_; ///< Index in the plan by written index; `no_task`: in or behind a cycle.
};

} // namespace

void link_tasks(compile_context& ctx) { task_linker{ctx}.run(); }

} // namespace penstock
