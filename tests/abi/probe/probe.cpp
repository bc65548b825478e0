// Names the interfaces that plugins implement with nothing in libcairn_sdk, so that the debug information of the library
// that the ABI is compared by has them. One function for each: a new interface is a new function, which is no change.
#include <cairn/plugin.hpp>
#include <cairn/services/identity.hpp>
#include <cairn/services/store.hpp>

extern "C" {
CAIRN_API void cairn_abi_probe_identity(cairn::services::Identity*) {}
CAIRN_API void cairn_abi_probe_store(cairn::services::Store*) {}
CAIRN_API void cairn_abi_probe_space_source(cairn::SpaceSource*) {}
CAIRN_API void cairn_abi_probe_exchange(cairn::ExchangeSection*) {}
CAIRN_API void cairn_abi_probe_reply_target(cairn::Reply::Target*) {}
CAIRN_API void cairn_abi_probe_descriptor(cairn::abi::Descriptor*) {}
}
