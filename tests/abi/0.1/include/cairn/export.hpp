#pragma once

/// Marks what libcairn_sdk.so exports. Everything else is built with hidden visibility.
#define CAIRN_API __attribute__((visibility("default")))
