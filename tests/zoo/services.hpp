#pragma once

#include <cairn/service.hpp>

// Services that only the zoo knows.
namespace zoo {

struct Weather {
    static constexpr cairn::ServiceId kService{"zoo.weather", 1};
    virtual ~Weather() = default;
    virtual int degrees() = 0;  // [any]
};
struct Tide {
    static constexpr cairn::ServiceId kService{"zoo.tide", 1};
    virtual ~Tide() = default;
};

}  // namespace zoo
