// A plugin whose descriptor says a size that it cannot have.
#include <cairn/plugin.hpp>

namespace {
constexpr cairn::abi::Descriptor make() {
    cairn::abi::Descriptor descriptor = cairn::abi::describe_build("wrong_size", "1.0.0");
    descriptor.size = 12;
    return descriptor;
}
class Strange final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
};
}  // namespace

extern "C" {
CAIRN_API extern const cairn::abi::Descriptor cairn_plugin_descriptor;
__attribute__((section(CAIRN_DESCRIPTOR_SECTION), used)) const cairn::abi::Descriptor cairn_plugin_descriptor = make();
CAIRN_API cairn::Plugin* cairn_plugin_create() {
    return new Strange();
}
}
