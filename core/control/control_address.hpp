#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

namespace cairn::core {

/// The address of the control socket of a data folder, by way of an open descriptor of that folder: paths in socket
/// addresses end at 107 bytes (unix(7)), data folders do not. Keep the object while the address is used.
class ControlAddress {
public:
    /// Throws Error(unavailable) when the folder cannot be opened.
    explicit ControlAddress(const std::string& data_dir);
    ~ControlAddress();
    ControlAddress(const ControlAddress&) = delete;
    ControlAddress& operator=(const ControlAddress&) = delete;

    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
    static constexpr socklen_t size() noexcept { return sizeof(sockaddr_un); }
    int folder() const noexcept { return folder_; }

private:
    int folder_ = -1;
    sockaddr_un address_{};
};

}  // namespace cairn::core
