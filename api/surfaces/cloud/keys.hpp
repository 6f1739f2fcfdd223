#pragma once

#include "api/route.hpp"

namespace penstock::cloud {

void list_keys(const request& in, const services& with, responder send);
void create_key(const request& in, const services& with, responder send);
void revoke_key(const request& in, const services& with, responder send);
void whoami(const request& in, const services& with, responder send);

} // namespace penstock::cloud
