// A shared object that is no plugin at all.
#include <cairn/export.hpp>

extern "C" CAIRN_API int no_descriptor_answer() {
    return 42;
}
