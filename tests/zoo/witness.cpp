// Announces each call of its life; witness_a needs a service of witness_b, so b must start first and stop last.
#include <string>

#include <cairn/plugin.hpp>

#include "tests/zoo/services.hpp"

namespace {
class Witness final : public cairn::Plugin, public zoo::Tide {
    void setup(cairn::Setup& setup) override {
#ifdef ZOO_IS_witness_a
        tide_ = setup.require<zoo::Tide>();
#else
        setup.provide<zoo::Tide>(*this);
#endif
    }
    void start(cairn::Runtime& runtime) override {
        runtime_ = &runtime;
        say(std::string("start") + (tide_ ? " with tide" : ""));
    }
    void ready(cairn::Runtime&) override {
        say("ready");
    }
    void drain() override {
        say("drain");
    }
    void stop() override {
        say(std::string("stop") + (tide_ ? " with tide" : ""));
    }

    void say(const std::string& what) {
        runtime_->announce(ZOO_NAME, what);
    }

    cairn::Runtime* runtime_ = nullptr;
    cairn::Service<zoo::Tide> tide_;
};
}  // namespace

CAIRN_PLUGIN(Witness, ZOO_NAME, "1.0.0")
