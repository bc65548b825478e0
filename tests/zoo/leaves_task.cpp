// Starts work in a lane that never ends, not even when it is asked to.
#include <chrono>
#include <thread>

#include <cairn/plugin.hpp>

namespace {
class Busy final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void start(cairn::Runtime& runtime) override {
        runtime.background().run(
            cairn::Lane::general, "zoo polls for ever",
            [](const cairn::Task&) {
                for (;;) std::this_thread::sleep_for(std::chrono::milliseconds(10));
            },
            {});
    }
};
}  // namespace

CAIRN_PLUGIN(Busy, "leaves_task", "1.0.0")
