#pragma once

#include <functional>
#include <optional>
#include <string>

#include <cairn/document.hpp>
#include <cairn/values.hpp>

namespace cairn::core {

/// How commands reach the server that holds a data folder: a request is a JSON file in `data_dir/control/`, the answer
/// one beside it. The folder belongs to the server's user alone (mode 0700).
///
/// A command writes `<name>.request`; the server renames it to `<name>.taken`, works, and writes `<name>.answer`.

/// The server's side. [worker], one thread.
class ControlBox {
public:
    /// Makes the folder and clears what earlier runs left in it. Throws Error.
    explicit ControlBox(const std::string& data_dir);
    /// Takes the oldest request, if there is one, answers what `work` returns or throws. True: there was one.
    bool serve(const std::function<Document(const Document& request)>& work);

private:
    std::string folder_;
};

/// The command's side: hands `request` to the server that holds `data_dir`. Waits `taken_within` until it is taken and
/// then `at_most` for the answer. Throws Error(unavailable) when nobody takes it or the time is over, and what the
/// server threw. [worker]
Document ask_server(const std::string& data_dir, const Document& request, Duration taken_within, Duration at_most);

/// The process that holds `data_dir` now; nothing when nobody does. [any]
std::optional<std::string> data_holder(const std::string& data_dir);

}  // namespace cairn::core
