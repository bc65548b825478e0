#pragma once

/// Marks what libcairn_testkit.so exports. The host inside stays hidden.
#define CAIRN_TESTKIT_API __attribute__((visibility("default")))
