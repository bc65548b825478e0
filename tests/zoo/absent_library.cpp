// A library that missing_library.so links with and that no search path leads to.
#include <cairn/export.hpp>

CAIRN_API int zoo_absent_answer() {
    return 42;
}
