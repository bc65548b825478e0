#include <plugins/gateway/tls.hpp>

#include <algorithm>
#include <limits>

#include <Poco/Exception.h>
#include <Poco/File.h>
#include <Poco/Net/Context.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cairn/error.hpp>

namespace cairn::gateway {

namespace {

void require_readable(const std::string& what, const std::string& file) {
    if (file.empty())
        throw Error(Code::invalid_field,
                    "plugins.gateway.tls." + what + " is missing: TLS needs both `cert` and `key`, or neither");
    try {
        if (Poco::File(file).canRead()) return;
    } catch (const Poco::Exception&) {
        // Said below in one sentence, whatever the reason.
    }
    throw Error(Code::invalid_field, "plugins.gateway.tls." + what + ": '" + file +
                                         "' cannot be read; check the path and that the server's user may read it");
}

}  // namespace

struct TlsContext::State {
    Poco::Net::Context::Ptr context;
};

TlsContext::TlsContext(const std::string& cert, const std::string& key) : state_(std::make_unique<State>()) {
    require_readable("cert", cert);
    require_readable("key", key);
    Poco::Net::Context::Params params;
    params.certificateFile = cert;
    params.privateKeyFile = key;
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;  // of clients: they present no certificates
    params.loadDefaultCAs = false;
    try {
        state_->context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, params);
        state_->context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    } catch (const Poco::Exception& error) {
        ERR_clear_error();
        throw Error(Code::invalid_field, "plugins.gateway.tls: '" + cert + "' and '" + key +
                                             "' are no certificate with its key (" + error.displayText() +
                                             "); both must be PEM, and the key must be the certificate's own");
    }
    SSL_CTX* raw = state_->context->sslContext();
    if (SSL_CTX_check_private_key(raw) != 1) {
        ERR_clear_error();
        throw Error(Code::invalid_field, "plugins.gateway.tls: the key in '" + key +
                                             "' does not belong to the certificate in '" + cert + "'");
    }
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Idle connections give their 16 KiB buffers back.
    SSL_CTX_set_mode(raw,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsContext::~TlsContext() = default;

struct TlsChannel::State {
    SSL* ssl = nullptr;
    BIO* in = nullptr;   // owned by ssl
    BIO* out = nullptr;  // owned by ssl
    std::size_t sent = 0;
    ~State() { SSL_free(ssl); }
};

TlsChannel::TlsChannel(TlsContext& context) : state_(std::make_unique<State>()) {
    State& s = *state_;
    s.ssl = SSL_new(context.state_->context->sslContext());
    s.in = BIO_new(BIO_s_mem());
    s.out = BIO_new(BIO_s_mem());
    if (s.ssl == nullptr || s.in == nullptr || s.out == nullptr) {
        BIO_free(s.in);
        BIO_free(s.out);
        throw Error(Code::internal, "OpenSSL gives no memory for a connection");
    }
    BIO_set_mem_eof_return(s.in, -1);
    SSL_set_bio(s.ssl, s.in, s.out);
    SSL_set_accept_state(s.ssl);
}

TlsChannel::~TlsChannel() = default;

void TlsChannel::feed(std::string_view wire) {
    const auto length = static_cast<int>(std::min<std::size_t>(wire.size(), std::numeric_limits<int>::max()));
    BIO_write(state_->in, wire.data(), length);
}

TlsChannel::Status TlsChannel::read(std::span<char> into, std::size_t& size) {
    ERR_clear_error();
    size = 0;
    if (SSL_read_ex(state_->ssl, into.data(), into.size(), &size) == 1) return Status::data;
    switch (SSL_get_error(state_->ssl, 0)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Status::need_more;
        case SSL_ERROR_ZERO_RETURN:
            return Status::closed;
        default:
            ERR_clear_error();
            return Status::failed;
    }
}

bool TlsChannel::write(std::string_view plain) {
    while (!plain.empty()) {
        ERR_clear_error();
        std::size_t taken = 0;
        if (SSL_write_ex(state_->ssl, plain.data(), plain.size(), &taken) != 1) {
            ERR_clear_error();
            return false;
        }
        plain.remove_prefix(taken);
    }
    return true;
}

void TlsChannel::shut() {
    if (established()) SSL_shutdown(state_->ssl);
    ERR_clear_error();
}

std::string_view TlsChannel::output() const noexcept {
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(state_->out, &bytes);
    if (length <= 0) return {};
    return std::string_view(bytes, static_cast<std::size_t>(length)).substr(state_->sent);
}

void TlsChannel::consumed(std::size_t bytes) noexcept {
    state_->sent += bytes;
    if (!output().empty()) return;
    state_->sent = 0;
    BIO_reset(state_->out);
}

bool TlsChannel::established() const noexcept {
    return SSL_is_init_finished(state_->ssl) == 1;
}

}  // namespace cairn::gateway
