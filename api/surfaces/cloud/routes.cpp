#include "api/surfaces/cloud/routes.hpp"

#include "api/surfaces/cloud/keys.hpp"
#include "api/surfaces/cloud/limits.hpp"

#include <array>

namespace penstock::cloud {
namespace {

constexpr std::array rows{
  route{.method = verb::get,
        .pattern = "/v1/api-keys",
        .permission = scope::admin,
        .handle = &list_keys,
        .operation = "cloud.listKeys",
        .summary = "List API keys, without their values",
        .query = "page:integer=1,limit:integer=20",
        .gives = "200 ApiKeyList"},
  route{.method = verb::post,
        .pattern = "/v1/api-keys",
        .permission = scope::admin,
        .body = body_rule::json,
        .handle = &create_key,
        .operation = "cloud.createKey",
        .summary = "Make an API key; its value is shown this once",
        .takes = "ApiKeyCreate",
        .gives = "201 ApiKeyCreated"},
  route{.method = verb::del,
        .pattern = "/v1/api-keys/{id}",
        .permission = scope::admin,
        .handle = &revoke_key,
        .operation = "cloud.revokeKey",
        .summary = "Revoke an API key for good",
        .gives = "204"},
  route{.method = verb::get,
        .pattern = "/v1/whoami",
        .permission = scope::none,
        .handle = &whoami,
        .operation = "cloud.whoami",
        .summary = "Who the credentials stand for",
        .gives = "200 WhoAmI"},
  route{.method = verb::get,
        .pattern = "/v1/pools",
        .permission = scope::admin,
        .handle = &list_pools,
        .operation = "cloud.listPools",
        .summary = "List the pools that have a limit, and how many tasks hold a place in each",
        .query = "page:integer=1,limit:integer=1000",
        .gives = "200 PoolList"},
  route{.method = verb::put,
        .pattern = "/v1/pools/{name}",
        .permission = scope::admin,
        .body = body_rule::json,
        .handle = &put_pool,
        .operation = "cloud.putPool",
        .summary = "Limit how many tasks that name this pool run at once in the workspace",
        .takes = "PoolLimit",
        .gives = "200 PoolAnswer"},
  route{.method = verb::del,
        .pattern = "/v1/pools/{name}",
        .permission = scope::admin,
        .handle = &delete_pool,
        .operation = "cloud.deletePool",
        .summary = "Take a pool's limit away",
        .gives = "204"},
  route{.method = verb::patch,
        .pattern = "/v1/jobs/{id}",
        .permission = scope::write_pipelines,
        .body = body_rule::json,
        .handle = &change_job,
        .operation = "cloud.changeJob",
        .summary = "Give a job that has not ended another priority",
        .takes = "JobChange",
        .gives = "200 JobChanged"},
};

constexpr std::array schemas{
  schema{"PoolLimit", R"({"type":"object","required":["limit"],"properties":)"
                      R"({"limit":{"type":"integer","minimum":0,"maximum":1000000}}})"},
  schema{
    "Pool",
    R"({"type":"object","properties":{"name":{"type":"string"},"limit":{"type":"integer"},"held":{"type":"integer"},)"
    R"("updated_at":{"type":"string","format":"date-time"}}})"},
  schema{"PoolAnswer", R"({"type":"object","properties":{"data":{"$ref":"#/components/schemas/Pool"}}})"},
  schema{"PoolList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Pool"}},)"
         R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
         R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"JobChange", R"({"type":"object","required":["priority"],"properties":)"
                      R"({"priority":{"enum":["HIGH","NORMAL","LOW"]}}})"},
  schema{"JobChanged",
         R"({"type":"object","properties":{"data":{"type":"object","properties":{"id":{"type":"string"},)"
         R"("pipeline_id":{"type":"string"},"status":{"type":"string"},"priority":{"type":"string"}}}}})"},
  schema{
    "ApiKeyCreate",
    R"({"type":"object","required":["name","scopes"],"properties":{"name":{"type":"string"},)"
    R"("scopes":{"type":"array","items":{"enum":["read:pipelines","read:jobs","read:metrics","write:pipelines","admin"]}},)"
    R"("expires_in_days":{"type":"integer","minimum":1},)"
    R"("rate_limit":{"type":"integer","minimum":1,"maximum":1000000,)"
    R"("description":"Requests per second of this key, instead of the server's own limit."}},)"
    R"("description":"Repeated with the same Idempotency-Key it makes no second key: a 409 names the one that was made, )"
    R"(whose value is not shown again."})"},
  schema{
    "ApiKey",
    R"({"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"prefix":{"type":"string"},)"
    R"("scopes":{"type":"array","items":{"type":"string"}},"created_at":{"type":"string","format":"date-time"},)"
    R"("last_used":{"type":["string","null"],"format":"date-time"},"expires_at":{"type":["string","null"],"format":"date-time"},)"
    R"("rate_limit":{"type":"integer","description":"Only where the key has a limit of its own."}}})"},
  schema{"ApiKeyList",
         R"({"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/ApiKey"}},)"
         R"("meta":{"type":"object","properties":{"total":{"type":"integer"},"page":{"type":"integer"},)"
         R"("limit":{"type":"integer"},"total_pages":{"type":"integer"}}}}})"},
  schema{"ApiKeyCreated", R"({"type":"object","properties":{"data":{"allOf":[{"$ref":"#/components/schemas/ApiKey"},)"
                          R"({"type":"object","properties":{"key":{"type":"string"}}}]},"note":{"type":"string"}}})"},
  schema{
    "WhoAmI",
    R"({"type":"object","properties":{"data":{"type":"object","properties":{"workspace_id":{"type":"string","format":"uuid"},)"
    R"("subject":{"type":"string"},"scopes":{"type":"array","items":{"type":"string"}}}}}})"},
};

} // namespace

surface routes() { return {"cloud", error_style::cloud, rows, schemas}; }

} // namespace penstock::cloud
