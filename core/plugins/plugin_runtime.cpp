#include "core/plugins/plugin_runtime.hpp"

#include "core/plugins/call_fence.hpp"

namespace cairn::core {
namespace {

template <class T>
Then<T> fence(const CallSite& site, Then<T> then) {
    if (!then) return then;
    return [site, then = std::move(then)](Result<T> result) { fenced(site, [&] { then(std::move(result)); }); };
}

/// One task, as long as somebody holds its work or its completion.
class Counted {
public:
    explicit Counted(std::shared_ptr<std::atomic<std::size_t>> count) noexcept : count_(std::move(count)) {
        count_->fetch_add(1, std::memory_order_relaxed);
    }
    ~Counted() { count_->fetch_sub(1, std::memory_order_release); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    const std::shared_ptr<std::atomic<std::size_t>> count_;
};

}  // namespace

FencedBackground::FencedBackground(const std::string& plugin, Background& lanes)
    : work_site_{intern(plugin), nullptr, intern("work in a lane")},
      done_site_{intern(plugin), nullptr, intern("completion of work in a lane")},
      lanes_(lanes) {}

Task FencedBackground::run(Lane lane, std::string what, std::function<void(const Task&)> work,
                           std::function<void(std::exception_ptr)> done) {
    // Counted until the lane lets go of it: a task that was cancelled has no completion.
    auto counted = std::make_shared<Counted>(count_);
    return lanes_.run(
        lane, std::move(what),
        [site = work_site_, counted, work = std::move(work)](const Task& task) {
            // Not fenced: what the work throws belongs to its completion.
            const BreadcrumbScope crumb(site);
            work(task);
        },
        [site = done_site_, counted, done = std::move(done)](std::exception_ptr failed) {
            if (done) fenced(site, [&] { done(failed); });
        });
}

FencedStorage::FencedStorage(const std::string& plugin, Storage& storage)
    : site_{intern(plugin), nullptr, intern("storage completion")}, storage_(storage) {}

void FencedStorage::commit(Commit commit, Then<Committed> then) {
    storage_.commit(std::move(commit), fence(site_, std::move(then)));
}

void FencedStorage::query(Query query, Then<Rows> then) {
    storage_.query(std::move(query), fence(site_, std::move(then)));
}

void FencedStorage::load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) {
    storage_.load_erased(std::move(query), row, std::move(append), fence(site_, std::move(then)));
}

void FencedStorage::select_erased(Selection selection, std::function<void*()> append, Then<Done> then) {
    storage_.select_erased(std::move(selection), std::move(append), fence(site_, std::move(then)));
}

void FencedStorage::count(Selection selection, Then<std::int64_t> then) {
    storage_.count(std::move(selection), fence(site_, std::move(then)));
}

PluginRuntime::PluginRuntime(std::string plugin, std::string plugin_dir, const HostParts& parts, std::string share_dir)
    : parts_(parts),
      plugin_(plugin),
      plugin_dir_(std::move(plugin_dir)),
      share_dir_(std::move(share_dir)),
      log_(plugin),
      background_(plugin, *parts.background),
      storage_(plugin, *parts.storage) {}

}  // namespace cairn::core
