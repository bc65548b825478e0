#include "sdk/testkit/src/scratch_folder.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <cairn/testkit/failure.hpp>

namespace cairn::testkit {

ScratchFolder::ScratchFolder() {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
    path_ = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "cairn-testkit-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr)
        throw Failure("the folder " + path_ + " for the test's data cannot be made: " + std::strerror(errno));
}

ScratchFolder::~ScratchFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

}  // namespace cairn::testkit
