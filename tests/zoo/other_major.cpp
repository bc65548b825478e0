// A plugin of another major of the plugin ABI.
#include <cairn/plugin.hpp>

namespace {
constexpr cairn::abi::Descriptor make() {
    cairn::abi::Descriptor descriptor = cairn::abi::describe_build("other_major", "1.0.0");
    descriptor.abi_major = CAIRN_ABI_MAJOR + 1;
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
