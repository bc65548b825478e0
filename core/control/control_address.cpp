#include "core/control/control_address.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <cairn/error.hpp>

#include "core/control/control_server.hpp"

namespace cairn::core {

ControlAddress::ControlAddress(const std::string& data_dir)
    : folder_(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (folder_ < 0)
        throw Error(Code::unavailable, "the data folder " + data_dir + " cannot be opened: " + std::strerror(errno));
    address_.sun_family = AF_UNIX;
    std::snprintf(address_.sun_path, sizeof address_.sun_path, "/proc/self/fd/%d/%s", folder_, kControlSocket);
}

ControlAddress::~ControlAddress() {
    ::close(folder_);
}

}  // namespace cairn::core
