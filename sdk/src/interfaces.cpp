// The destructors of all interfaces that cross the boundary. They stand out of line so that each class has its virtual
// table and type information exactly once, in this library.
#include <cairn/plugin.hpp>

namespace cairn {

Log::~Log() = default;
Counter::~Counter() = default;
Gauge::~Gauge() = default;
Histogram::~Histogram() = default;
Metrics::~Metrics() = default;
Clock::~Clock() = default;

IoHandler::~IoHandler() = default;
Loop::~Loop() = default;
Loops::~Loops() = default;
Background::~Background() = default;

Connection::~Connection() = default;
Session::~Session() = default;
Sessions::~Sessions() = default;
HttpRoutes::~HttpRoutes() = default;

Storage::~Storage() = default;

Player::~Player() = default;
Behaviour::~Behaviour() = default;
MessageOptions::~MessageOptions() = default;
RowStream::~RowStream() = default;
Space::~Space() = default;
Space::Hold::~Hold() = default;
Spaces::~Spaces() = default;

Runtime::~Runtime() = default;
Setup::~Setup() = default;

Plugin::~Plugin() = default;
void Plugin::start(Runtime&) {}
void Plugin::ready(Runtime&) {}
void Plugin::drain() {}
void Plugin::stop() {}

}  // namespace cairn
