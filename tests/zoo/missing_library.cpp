// Needs a library that lies where nobody looks.
#include <cairn/plugin.hpp>

int zoo_absent_answer();

namespace {
class Lonely final : public cairn::Plugin {
    void setup(cairn::Setup&) override { zoo_absent_answer(); }
};
}  // namespace

CAIRN_PLUGIN(Lonely, "missing_library", "1.0.0")
