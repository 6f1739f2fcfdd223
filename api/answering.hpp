#pragma once

#include "api/error_table.hpp"
#include "api/response.hpp"
#include "runtime/error.hpp"

#include <utility>

namespace penstock {

/// A callback for an operation: answers with `render(value)`, or with the error in the surface's style.
template <class T, class Render>
[[nodiscard]] auto answer_with(error_style style, responder send, Render render) {
  return [style, send = std::move(send), render = std::move(render)](result<T> r) {
    if (!r) return send(render_error(style, r.error()));
    if constexpr (std::is_void_v<T>) send(render());
    else send(render(*r));
  };
}

/// A callback for the first of two operations: goes on with `next(value)`, or answers the error.
template <class T, class Next>
[[nodiscard]] auto then(error_style style, responder send, Next next) {
  return [style, send = std::move(send), next = std::move(next)](result<T> r) mutable {
    if (!r) return send(render_error(style, r.error()));
    next(std::move(*r));
  };
}

} // namespace penstock
