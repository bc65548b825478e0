#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cairn::core {

/// One thread or open descriptor of this process, as it looked at one moment.
struct Resource {
    enum class Kind : unsigned char { thread, descriptor };
    Kind kind = Kind::thread;
    long number = 0;         ///< thread id or descriptor
    std::uint64_t born = 0;  ///< threads: start time in ticks since boot, as ids are given again
    std::string name;        ///< the thread's name; what the descriptor points to
    friend auto operator<=>(const Resource&, const Resource&) = default;
};

/// All threads and descriptors of this process, from /proc/self. [any]
std::vector<Resource> list_resources();

/// Notes what appears while a plugin's calls run, to tell afterwards what it left behind. All calls [control].
class LeakWatch {
public:
    /// Marks the time in which a plugin is called.
    class Window {
    public:
        Window(LeakWatch& watch, std::string plugin);
        ~Window();
        Window(const Window&) = delete;
        Window& operator=(const Window&) = delete;

    private:
        LeakWatch& watch_;
        std::string plugin_;
        std::vector<Resource> before_;
    };

    /// What appeared in `plugin`'s windows and is still there.
    std::vector<Resource> left_by(const std::string& plugin) const;

private:
    std::map<std::string, std::vector<Resource>> made_;
};

/// "thread 1234 'worker'" or "descriptor 17 (/tmp/file)". [any]
std::string describe_resource(const Resource& resource);

}  // namespace cairn::core
