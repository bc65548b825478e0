#include "core/plugins/leak_report.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

bool read_number(const std::string& text, long& number) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

/// Name and start time out of /proc/self/task/N/stat: "N (name) S ppid …", the start time is the 22nd field (proc(5)).
/// The name may hold spaces and parentheses, so it ends at the last one.
bool read_thread(const fs::path& folder, Resource& thread) {
    std::ifstream file(folder / "stat");
    std::string line;
    std::getline(file, line, '\0');  // a thread that ends between open and read is ESRCH, which a bare iterator would throw
    const std::size_t open = line.find('(');
    const std::size_t close = line.rfind(')');
    if (open == std::string::npos || close == std::string::npos) return false;  // it has ended meanwhile
    thread.name = line.substr(open + 1, close - open - 1);
    std::size_t at = close + 1;
    for (int field = 3; field < 22 && at != std::string::npos; ++field) at = line.find(' ', at + 1);
    if (at == std::string::npos) return false;
    std::from_chars(line.data() + at + 1, line.data() + line.size(), thread.born);
    return true;
}

}  // namespace

std::vector<Resource> list_resources() {
    std::vector<Resource> found;
    std::error_code error;
    for (fs::directory_iterator at("/proc/self/task", error), end; !error && at != end; at.increment(error)) {
        Resource thread{Resource::Kind::thread, 0, 0, {}};
        if (read_number(at->path().filename().string(), thread.number) && read_thread(at->path(), thread)) {
            found.push_back(std::move(thread));
        }
    }
    for (fs::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
        Resource descriptor{Resource::Kind::descriptor, 0, 0, {}};
        std::error_code gone;
        descriptor.name = fs::read_symlink(at->path(), gone).string();
        if (gone || !read_number(at->path().filename().string(), descriptor.number)) continue;
        // The listing itself holds one open.
        if (descriptor.name.rfind("/proc/", 0) == 0 && descriptor.name.size() > 3 &&
            descriptor.name.compare(descriptor.name.size() - 3, 3, "/fd") == 0) {
            continue;
        }
        found.push_back(std::move(descriptor));
    }
    std::sort(found.begin(), found.end());
    return found;
}

LeakWatch::Window::Window(LeakWatch& watch, std::string plugin)
    : watch_(watch), plugin_(std::move(plugin)), before_(list_resources()) {}

LeakWatch::Window::~Window() {
    const std::vector<Resource> after = list_resources();
    std::vector<Resource>& made = watch_.made_[plugin_];
    for (const Resource& resource : after) {
        // A thread may change its name after it began, so names of threads do not count.
        const bool known = std::any_of(before_.begin(), before_.end(), [&](const Resource& other) {
            return other.kind == resource.kind && other.number == resource.number && other.born == resource.born &&
                   (resource.kind == Resource::Kind::thread || other.name == resource.name);
        });
        if (!known) made.push_back(resource);
    }
}

std::vector<Resource> LeakWatch::left_by(const std::string& plugin) const {
    std::vector<Resource> left;
    const auto made = made_.find(plugin);
    if (made == made_.end()) return left;
    for (const Resource& now : list_resources()) {
        const bool his = std::any_of(made->second.begin(), made->second.end(), [&](const Resource& other) {
            return other.kind == now.kind && other.number == now.number && other.born == now.born &&
                   (now.kind == Resource::Kind::thread || other.name == now.name);
        });
        if (his) left.push_back(now);
    }
    return left;
}

std::string describe_resource(const Resource& resource) {
    if (resource.kind == Resource::Kind::thread) {
        return "thread " + std::to_string(resource.number) + " '" + resource.name + "'";
    }
    return "descriptor " + std::to_string(resource.number) + " (" + resource.name + ")";
}

}  // namespace cairn::core
