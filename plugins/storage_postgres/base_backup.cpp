#include "plugins/storage_postgres/base_backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include <cairn/error.hpp>

namespace cairn::storage_postgres {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "base_";
constexpr std::string_view kPart = ".part";

std::string stamp() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc));
}

/// Ours in `folder`, oldest first; `parts`: those that were never finished.
std::vector<fs::path> copies(const fs::path& folder, bool parts) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (name.starts_with(kPrefix) && name.ends_with(kPart) == parts && at->is_directory(error)) found.push_back(at->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

void sync_folder(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool done = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int number = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (done) return;
    throw Error(Code::unavailable, "cannot write " + folder + " to disk (" + std::generic_category().message(number) + ")");
}

}  // namespace

std::string BaseBackups::run(const Tools& tools, const Target& target) const {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Error(Code::unavailable, "cannot make the folder " + folder + " (" + error.message() + ")");
    for (const fs::path& part : copies(folder, true)) fs::remove_all(part, error);

    const fs::path made = fs::path(folder) / (std::string(kPrefix) + stamp());
    const fs::path part = made.string() + std::string(kPart);
    const Tools::Outcome copied =
        tools.run("pg_basebackup", {"--pgdata=" + part.string(), "--wal-method=stream", "--checkpoint=fast",
                                    "--manifest-checksums=SHA256", "--no-password"},
                  target, allowed);
    if (!copied.good()) {
        fs::remove_all(part, error);
        throw Error(Code::unavailable, target.url.words() + ": pg_basebackup did not make a copy: " + copied.said +
                                           ". The role needs the attribute REPLICATION, and pg_hba.conf a line for replication");
    }
    const Tools::Outcome verified = tools.run("pg_verifybackup", {"--quiet", part.string()}, target, allowed);
    if (!verified.good()) {
        fs::remove_all(part, error);
        throw Error(Code::internal, "the copy of " + target.url.words() + " does not stand the check: " + verified.said);
    }
    fs::rename(part, made, error);
    if (error) throw Error(Code::unavailable, "cannot rename " + part.string() + " (" + error.message() + ")");
    sync_folder(folder);  // its name first: after a power loss it may not be a .part again while the others are gone
    const std::vector<fs::path> all = copies(folder, false);
    for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) fs::remove_all(all[i], error);
    return made.string();
}

}  // namespace cairn::storage_postgres
