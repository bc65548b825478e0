#include "core/plugins/lifecycle.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/plugins/call_fence.hpp"

namespace cairn::core {

Lifecycle::Lifecycle(PluginSet& set, const HostParts& parts, Hooks hooks)
    : set_(set), parts_(parts), hooks_(std::move(hooks)) {}

Lifecycle::~Lifecycle() {
    stop();
}

void Lifecycle::fail(const LoadedPlugin& plugin, const char* phase, const std::string& what) const {
    throw StartFailed(
        "plugin " + plugin.name + " " + plugin.file.descriptor.version + " failed in " + phase + ": " + what,
        "Mend what it names (`cairn config explain plugins." + plugin.name +
            "` shows its settings) or remove it from the file.");
}

void Lifecycle::start() {
    for (const auto& plugin : set_.plugins()) {
        if (hooks_.cancelled && hooks_.cancelled()) throw StartFailed("the start was ended by a signal", "");
        const LeakWatch::Window window(leak_watch_, plugin->name);
        if (hooks_.busy) hooks_.busy("plugin " + plugin->name + " to start");
        set_.declarations().services.fill_slots_of(plugin->name);
        const std::string folder = std::filesystem::path(plugin->file.path).parent_path().string();
        Running running{plugin.get(), std::make_unique<PluginRuntime>(plugin->name, folder, parts_, plugin->share_dir)};
        const auto outcome =
            fenced({intern(plugin->name), nullptr, intern("start")}, [&] { plugin->object->start(*running.runtime); });
        if (outcome) {
            set_.declarations().services.empty_slots_of(plugin->name);
            finished_.push_back(std::move(running.runtime));
            fail(*plugin, "start", outcome->what);
        }
        running_.push_back(std::move(running));
        if (hooks_.started) hooks_.started(plugin->name);
    }
    if (hooks_.busy) hooks_.busy({});
}

void Lifecycle::ready() {
    for (Running& running : running_) {
        const LeakWatch::Window window(leak_watch_, running.plugin->name);
        if (hooks_.busy) hooks_.busy("plugin " + running.plugin->name + " to be ready");
        const auto outcome = fenced({intern(running.plugin->name), nullptr, intern("ready")},
                                    [&] { running.plugin->object->ready(*running.runtime); });
        if (outcome) fail(*running.plugin, "ready", outcome->what);
    }
    if (hooks_.busy) hooks_.busy({});
}

void Lifecycle::drain() noexcept {
    for (const Running& running : running_) {
        fenced({intern(running.plugin->name), nullptr, intern("drain")}, [&] { running.plugin->object->drain(); });
    }
}

void Lifecycle::stop() noexcept {
    std::vector<std::string> stopped;
    while (!running_.empty()) {
        Running running = std::move(running_.back());
        running_.pop_back();
        const std::string& name = running.plugin->name;
        if (hooks_.busy) hooks_.busy("plugin " + name + " to stop");
        if (hooks_.stopping) hooks_.stopping(name);
        {
            const LeakWatch::Window window(leak_watch_, name);
            fenced({intern(name), nullptr, intern("stop")}, [&] { running.plugin->object->stop(); });
        }
        set_.declarations().services.empty_slots_of(name);
        stopped.push_back(name);
        note_tasks(running);
        finished_.push_back(std::move(running.runtime));
    }
    // Only now, as a lane that works for one plugin may open a file while another one is being called.
    for (const std::string& name : stopped) note_leaks(name);
    if (hooks_.busy) hooks_.busy({});
}

void Lifecycle::note_leaks(const std::string& name) {
    std::vector<Resource> left = leak_watch_.left_by(name);
    // A joined thread may be seen for a moment longer: the kernel wakes who joins before it takes the thread off the
    // list.
    for (int tries = 0; !left.empty() && tries < 20; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        left = leak_watch_.left_by(name);
    }
    for (const Resource& resource : left) {
        leaks_.push_back("plugin " + name + " left " + describe_resource(resource) + " behind at stop; " +
                         (resource.kind == Resource::Kind::thread ? "join its threads in stop" : "close it in stop"));
    }
}

void Lifecycle::note_tasks(const Running& running) {
    std::size_t tasks = running.runtime->tasks_in_flight();
    for (int tries = 0; tasks > 0 && tries < 20; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        tasks = running.runtime->tasks_in_flight();
    }
    if (tasks > 0) {
        leaks_.push_back("plugin " + running.plugin->name + " left " + std::to_string(tasks) +
                         " background task(s) running at stop; cancel them in stop and let them see it");
    }
}

}  // namespace cairn::core
