#pragma once

#include <string>

namespace cairn::core {

/// Holds the data folder for this process. The lock is the kernel's (flock), so it goes with the process however it
/// ends.
class DataLock {
public:
    /// Makes `folder` (mode 0700) when it is missing and locks it. Throws std::runtime_error that says which process
    /// holds it, within a second. [control]
    explicit DataLock(const std::string& folder);
    ~DataLock();
    DataLock(const DataLock&) = delete;
    DataLock& operator=(const DataLock&) = delete;
    /// The folder, absolute. [any]
    const std::string& folder() const noexcept { return folder_; }

private:
    std::string folder_;
    int fd_ = -1;
    int folder_fd_ = -1;
};

}  // namespace cairn::core
