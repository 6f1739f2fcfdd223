#include "tools/allocator.hpp"

#include <cstddef>

// jemalloc takes a third of the processor time off a burst of runs, as many small things are made on one thread and freed
// on another. Its names are weak: the sanitizers' builds go without it.
extern "C" {
/// What jemalloc reads before `main`; its manual, section TUNING. Few arenas, as the threads that allocate much are few.
extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:2000,muzzy_decay_ms:0";
[[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_size, void* fresh, std::size_t fresh_size);
}

namespace penstock {

void return_memory_when_idle() noexcept {
  bool on = true;
  if (mallctl) (void)mallctl("background_thread", nullptr, nullptr, &on, sizeof on);
}

} // namespace penstock
