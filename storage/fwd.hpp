#pragma once

namespace penstock {

class counter_cache;
class log_writer;
class memory_disk;
class mutation_batch;
class sealer;
class secret_key;
class state_reader;
class store;
class turn_ledger;

struct sealed_place;
struct turn_entry;
struct turn_marker;
struct watermark;

} // namespace penstock
