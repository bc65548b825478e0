// Costs more than it should: holds the loop while it sums, and keeps memory that nobody will ever use.
#include <chrono>
#include <memory>

#include <cairn/plugin.hpp>

namespace {
struct Amount {
    int value = 0;
};
void describe(cairn::Fields<Amount>& f) {
    f(&Amount::value, "value", "milliseconds to hold the loop, or KiB to keep").between(0, 100000);
}

class Costly final : public cairn::Behaviour {
public:
    explicit Costly(cairn::Space& space) {
        space.on<Amount>("costs.time", [](cairn::Player&, const Amount& amount) {
            const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(amount.value);
            while (std::chrono::steady_clock::now() < until) {
            }
        });
        space.on<Amount>("costs.memory", [](cairn::Player&, const Amount& amount) {
            for (int i = 0; i < amount.value; ++i) new char[1024]();
        });
        // Comes and goes, so it must not look like a leak.
        space.on<Amount>("costs.nothing", [&space](cairn::Player&, const Amount& amount) {
            space.broadcast("costs.said", {{"text", std::string(static_cast<std::size_t>(amount.value) * 1024, 'x')}});
        });
    }
};

class CostlyPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("costly", [](cairn::Space& space) { return std::make_unique<Costly>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(CostlyPlugin, "costs", "1.0.0")
