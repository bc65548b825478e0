// Starts a thread and forgets it.
#include <pthread.h>

#include <chrono>
#include <thread>

#include <cairn/plugin.hpp>

namespace {
class Forgetful final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void start(cairn::Runtime&) override {
        std::thread([] {
            ::pthread_setname_np(::pthread_self(), "zoo-forgotten");
            for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
        }).detach();
    }
};
}  // namespace

CAIRN_PLUGIN(Forgetful, "leaves_thread", "1.0.0")
