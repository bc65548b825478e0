// Opens a file and forgets it.
#include <fcntl.h>

#include <cairn/plugin.hpp>

namespace {
class Careless final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void start(cairn::Runtime& runtime) override {
        ::open((runtime.data_dir() + "/zoo_forgotten").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    }
};
}  // namespace

CAIRN_PLUGIN(Careless, "leaves_descriptor", "1.0.0")
