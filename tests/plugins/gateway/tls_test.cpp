// TLS with a certificate made here.
#include <plugins/gateway/tls.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tests/plugins/gateway/door.hpp"

namespace cairn::gateway::testing {
namespace {

/// A key of 2048 bits and a certificate for "localhost", signed by itself.
void make_certificate(const std::string& cert_file, const std::string& key_file) {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    X509* cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME* name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    X509_sign(cert, key, EVP_sha256());
    FILE* file = std::fopen(cert_file.c_str(), "w");
    PEM_write_X509(file, cert);
    std::fclose(file);
    file = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/// A client by OpenSSL on memory, so that the test decides how bytes are chopped.
class TlsClient {
public:
    explicit TlsClient(int max_version = TLS1_3_VERSION) : context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_security_level(context_, 0);
        SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_, max_version);
        ssl_ = SSL_new(context_);
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_, in_, out_);
        SSL_set_connect_state(ssl_);
        SSL_do_handshake(ssl_);
    }
    ~TlsClient() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
        ERR_clear_error();
    }
    void feed(std::string_view wire) {
        BIO_write(in_, wire.data(), static_cast<int>(wire.size()));
        if (!SSL_is_init_finished(ssl_)) SSL_do_handshake(ssl_);
        char buffer[16384];
        for (int got = SSL_read(ssl_, buffer, sizeof buffer); got > 0; got = SSL_read(ssl_, buffer, sizeof buffer))
            plain.append(buffer, static_cast<std::size_t>(got));
        if ((SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0) closed = true;
        ERR_clear_error();
    }
    void write(std::string_view text) { ASSERT_GT(SSL_write(ssl_, text.data(), static_cast<int>(text.size())), 0); }
    std::string take() {
        std::string wire(BIO_ctrl_pending(out_), '\0');
        if (!wire.empty()) BIO_read(out_, wire.data(), static_cast<int>(wire.size()));
        return wire;
    }
    bool established() const { return SSL_is_init_finished(ssl_) == 1; }
    std::string version() const { return SSL_get_version(ssl_); }
    std::string plain;
    bool closed = false;

private:
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
};

class TlsDoor : public Door {
protected:
    TlsDoor() {
        settings.tls.cert = folder.path() + "/cert.pem";
        settings.tls.key = folder.path() + "/key.pem";
        make_certificate(settings.tls.cert, settings.tls.key);
    }
    /// Moves bytes between the client and the server until `done`; `piece` 0: as they come.
    template <class Condition>
    bool exchange(TestSocket& socket, TlsClient& client, Condition done, std::size_t piece = 0) {
        return until([&] {
            const std::string wire = client.take();
            const std::size_t step = piece == 0 ? std::max<std::size_t>(1, wire.size()) : piece;
            for (std::size_t at = 0; at < wire.size(); at += step) {
                socket.send(std::string_view(wire).substr(at, step));
                if (piece != 0) host->turn(1);
            }
            socket.receive();
            if (!socket.received.empty()) client.feed(std::exchange(socket.received, {}));
            return done();
        });
    }

    TempFolder folder;
};

TEST_F(TlsDoor, PagesAndWebSockets) {
    open();
    EXPECT_EQ(door->address().substr(0, 8), "https://");
    for (const std::size_t piece : {std::size_t{0}, std::size_t{1}}) {
        TestSocket socket = connect();
        TlsClient client;
        ASSERT_TRUE(exchange(
            socket, client, [&] { return client.established(); }, piece));
        client.write(upgrade_request("Origin: https://127.0.0.1\r\n"));
        ASSERT_TRUE(exchange(
            socket, client, [&] { return client.plain.find("\r\n\r\n") != std::string::npos; }, piece));
        EXPECT_EQ(client.plain.rfind("HTTP/1.1 101 ", 0), 0u) << client.plain;
        client.plain.clear();
        client.write(client_frame("echo hello") + client_frame("echo you"));
        std::vector<ServerFrame> answers;
        ASSERT_TRUE(exchange(
            socket, client,
            [&] {
                for (ServerFrame& frame : take_frames(client.plain)) answers.push_back(std::move(frame));
                return answers.size() == 2;
            },
            piece));
        EXPECT_EQ(answers[1].payload, "you");
        client.write(client_frame(close_payload(1000), 8));
        ASSERT_TRUE(exchange(
            socket, client, [&] { return client.closed && socket.ended; }, piece));
        EXPECT_FALSE(socket.reset);
        EXPECT_EQ(take_frames(client.plain).at(0).close_code(), 1000);
    }
}

TEST_F(TlsDoor, LongAnswersInManyRecords) {
    open();
    TestSocket socket = connect();
    TlsClient client;
    ASSERT_TRUE(exchange(socket, client, [&] { return client.established(); }));
    client.write(upgrade_request());
    ASSERT_TRUE(exchange(socket, client, [&] { return client.plain.find("\r\n\r\n") != std::string::npos; }));
    client.plain.clear();
    client.write(client_frame("flood 8000000"));
    std::vector<ServerFrame> answers;
    ASSERT_TRUE(exchange(socket, client, [&] {
        for (ServerFrame& frame : take_frames(client.plain)) answers.push_back(std::move(frame));
        return answers.size() == 8000;
    }));
    EXPECT_EQ(answers.back().payload, std::string(1000, 'x'));
}

TEST_F(TlsDoor, OldVersionsAreRefused) {
    open();
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        TestSocket socket = connect();
        TlsClient client(version);
        EXPECT_TRUE(exchange(socket, client, [&] { return socket.ended; }));
        EXPECT_FALSE(client.established());
    }
    TestSocket socket = connect();
    TlsClient client(TLS1_2_VERSION);
    EXPECT_TRUE(exchange(socket, client, [&] { return client.established(); }));
    EXPECT_EQ(client.version(), "TLSv1.2");
}

TEST_F(TlsDoor, NonsenseInsteadOfAHandshakeEndsTheConnection) {
    open();
    for (const std::string& nonsense :
         {std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), std::string(3000, '\x16'), std::string(200, '\0')}) {
        TestSocket socket = connect();
        socket.send(nonsense);
        EXPECT_TRUE(until_ended(socket));
    }
    EXPECT_TRUE(until([&] { return door->connections() == 0; }));
}

TEST_F(TlsDoor, ASlowHandshakeIsLetGo) {
    open();
    TestSocket socket = connect();
    TlsClient client;
    socket.send(client.take().substr(0, 20));
    host->turn(3);
    pass(Duration{6000});
    EXPECT_TRUE(until_ended(socket));
}

TEST_F(TlsDoor, MistakesInTheConfigurationNameTheFileAndTheCure) {
    const auto complaint = [](const std::string& cert, const std::string& key) {
        try {
            TlsContext context(cert, key);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(complaint(settings.tls.cert, settings.tls.key), "");
    EXPECT_NE(complaint(settings.tls.cert, "").find("tls.key is missing"), std::string::npos);
    EXPECT_NE(complaint("/nowhere.pem", settings.tls.key).find("/nowhere.pem"), std::string::npos);
    folder.write("nonsense.pem", "nonsense");
    EXPECT_NE(complaint(folder.path() + "/nonsense.pem", settings.tls.key).find("PEM"), std::string::npos);
    make_certificate(folder.path() + "/other.pem", folder.path() + "/other-key.pem");
    EXPECT_NE(complaint(settings.tls.cert, folder.path() + "/other-key.pem").find("key"), std::string::npos);
}

}  // namespace
}  // namespace cairn::gateway::testing
