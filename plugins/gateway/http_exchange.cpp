#include <plugins/gateway/http_exchange.hpp>

#include <utility>

#include <plugins/gateway/http_answer.hpp>
#include <plugins/gateway/websocket_handshake.hpp>

namespace cairn::gateway {

namespace {

constexpr std::uint32_t kMaxRequests = 1000;   // on one connection; then it is closed politely
constexpr std::uint64_t kMinRate = 1024;       // bytes of a body per second, after
constexpr std::chrono::seconds kRateGrace{5};  // this much time
constexpr std::size_t kFilesMaxBody = 0;

}  // namespace

HttpExchange::HttpExchange(const Rules& rules, const HttpRoutes& routes, Tallies& tallies, HttpOutlet& outlet,
                           TimePoint now)
    : rules_(rules), routes_(routes), tallies_(tallies), outlet_(outlet), since_(now), head_reader_(rules.head) {}

std::size_t HttpExchange::feed(std::string_view bytes, TimePoint now) {
    std::size_t taken = 0;
    if (stage_ == Stage::head && !bytes.empty()) {
        // The first head is timed from the connect, later ones from their first byte.
        if (!first_ && head_reader_.untouched()) since_ = now;
        taken = head_reader_.feed(bytes);
        if (head_reader_.state() == HeadReader::State::refused) {
            const Refusal refusal = head_reader_.refusal();
            refuse(refusal.status, refusal.reason);
        } else if (head_reader_.state() == HeadReader::State::complete) {
            head_complete(now);
        }
    }
    if (stage_ == Stage::body) {
        taken += body_reader_->feed(bytes.substr(taken));
        if (body_reader_->state() == BodyReader::State::refused) {
            const Refusal refusal = body_reader_->refusal();
            refuse(refusal.status, refusal.reason);
        } else if (body_reader_->state() == BodyReader::State::complete) {
            dispatch();
        }
    }
    return taken;
}

void HttpExchange::head_complete(TimePoint now) {
    head_ = head_reader_.take();
    head_reader_.reset();
    first_ = false;
    since_ = now;
    keep_alive_ = head_.keep_alive && ++requests_ < kMaxRequests;
    route_ = nullptr;
    files_ = nullptr;
    captures_.clear();
    if (head_.path == rules_.path) {
        stage_ = Stage::upgrade;
        return;
    }
    choose_route();
    // An answer is due already, and the body behind it was never wanted.
    if (stage_ != Stage::head) return;
    body_reader_.emplace(head_, route_ != nullptr ? route_->max_body : kFilesMaxBody);
    if (body_reader_->state() == BodyReader::State::refused) {
        const Refusal refusal = body_reader_->refusal();
        return refuse(refusal.status, refusal.reason);
    }
    stage_ = Stage::body;
    if (head_.expects_continue) outlet_.send("HTTP/1.1 100 Continue\r\n\r\n");
}

void HttpExchange::choose_route() {
    std::string allowed;
    using Match = HttpRoutes::Match;
    Match match = routes_.match(head_.method, head_.path, route_, captures_, allowed);
    if (match == Match::wrong_method && head_.method == "HEAD") {
        captures_.clear();
        match = routes_.match("GET", head_.path, route_, captures_, allowed);
    }
    if (match == Match::found) return;
    route_ = nullptr;
    captures_.clear();
    if (match == Match::none) return choose_files();
    if (allowed.find("GET") != std::string::npos && allowed.find("HEAD") == std::string::npos) allowed += ", HEAD";
    if (allowed.find("OPTIONS") == std::string::npos) allowed += ", OPTIONS";
    HttpResponse answer = head_.method == "OPTIONS"
                              ? HttpResponse{204, {}, {}, {}}
                              : error_answer(405, head_.method + " is not possible here; possible are " + allowed);
    answer.headers.emplace_back("Allow", allowed);
    answer_here(std::move(answer));
}

void HttpExchange::choose_files() {
    files_ = routes_.files(head_.path);
    if (files_ == nullptr) return answer_here(error_answer(404, "there is nothing here"));
    if (head_.method == "GET" || head_.method == "HEAD") return;
    HttpResponse answer = head_.method == "OPTIONS"
                              ? HttpResponse{204, {}, {}, {}}
                              : error_answer(405, head_.method + " is not possible here; files are read by GET");
    answer.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    answer_here(std::move(answer));
}

void HttpExchange::answer_here(HttpResponse answer) {
    // A body that nobody reads would be taken for the next request.
    if (head_.has_body()) keep_alive_ = false;
    std::string body = std::move(answer.body);
    const std::uint64_t length = body.size();
    send_answer(answer, length, std::move(body));
}

void HttpExchange::dispatch() {
    stage_ = Stage::working;
    if (route_ == nullptr) {
        FileRequest request;
        request.path = head_.path;
        request.target = head_.target;
        request.if_none_match = head_.field("if-none-match");
        request.head_only = head_.method == "HEAD";
        outlet_.run_file(*files_, std::move(request));
        return;
    }
    auto request = std::make_shared<HttpRequest>();
    request->remote = outlet_.remote(head_);
    request->method = head_.method;
    request->path = std::move(head_.path);
    request->query = std::move(head_.query);
    request->body = body_reader_->take();
    request->headers = std::move(head_.fields);
    request->captures = std::move(captures_);
    body_reader_.reset();
    outlet_.run_route(*route_, std::move(request));
}

void HttpExchange::answered(FileAnswer answer) {
    rest_ = std::move(answer.rest);
    std::string body = std::move(answer.response.body);
    send_answer(answer.response, answer.length, std::move(body));
}

void HttpExchange::send_answer(const HttpResponse& answer, std::uint64_t length, std::string body) {
    stage_ = Stage::answering;
    tallies_.answered(answer.status);
    std::string bytes = answer_head(answer, {length, keep_alive_, outlet_.wall()});
    // Not even an answer that has a body may carry one here: it would be read as the next answer.
    const bool bodiless = head_.method == "HEAD" || answer.status == 204 || answer.status == 304;
    if (bodiless) rest_.reset();
    outlet_.send(std::move(bytes));
    if (!bodiless && !body.empty()) outlet_.send(std::move(body));
}

void HttpExchange::more(std::string bytes) {
    fetching_ = false;
    if (rest_ && rest_->left() == 0) rest_.reset();
    outlet_.send(std::move(bytes));
}

void HttpExchange::output_drained(TimePoint now) {
    if (stage_ != Stage::answering || fetching_) return;
    if (rest_) {
        fetching_ = true;
        outlet_.run_chunk(rest_);
        return;
    }
    if (!keep_alive_) {
        stage_ = Stage::finished;
        return;
    }
    stage_ = Stage::head;
    since_ = now;
    head_ = {};
    body_reader_.reset();
}

void HttpExchange::refuse(int status, std::string_view message) {
    keep_alive_ = false;
    HttpResponse answer = error_answer(status, message);
    if (status == 426) answer.headers.emplace_back("Sec-WebSocket-Version", "13");
    if (status == 405) answer.headers.emplace_back("Allow", "GET");
    if (status == 503) answer.headers.emplace_back("Retry-After", "5");
    if (status == 429) answer.headers.emplace_back("Retry-After", "60");
    std::string body = std::move(answer.body);
    const std::uint64_t length = body.size();
    send_answer(answer, length, std::move(body));
}

bool HttpExchange::check_time(TimePoint now) {
    const auto spent = now - since_;
    if (stage_ == Stage::head) {
        const bool waiting = head_reader_.untouched();
        if (spent <= (waiting && !first_ ? rules_.idle_time : rules_.header_time)) return false;
        if (waiting) {
            stage_ = Stage::finished;  // nothing was asked, nothing is answered
        } else {
            refuse(408, "the request head took too long to arrive");
        }
        return true;
    }
    if (stage_ == Stage::body) {
        bool slow = spent > rules_.body_time;
        if (spent > kRateGrace) {
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(spent - kRateGrace).count();
            slow = slow || body_reader_->received() < static_cast<std::uint64_t>(seconds) * kMinRate;
        }
        if (slow) refuse(408, "the request body took too long to arrive");
        return slow;
    }
    return false;
}

}  // namespace cairn::gateway
