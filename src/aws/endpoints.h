// Which region and which URL a service is called at.
#pragma once

#include <string>
#include <string_view>

#include "aws/shared_files.h"
#include "base/result.h"

namespace blox::aws {

/// AWS_REGION, else AWS_DEFAULT_REGION, else the profile's `region`.
/// Errors: kInvalid, saying what to set, or that the text is no region.
Result<std::string> choose_region(const Environment& environment, const SharedFiles& files);

/// The URL of `service` ("ecs", "sqs") without a trailing slash: AWS_ENDPOINT_URL_<SERVICE>, else
/// AWS_ENDPOINT_URL, else the profile's `services` section, else its `endpoint_url`, else
/// https://<service>.<region>.<suffix of the partition>. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true
/// leaves only the last. Errors: kInvalid (not an http or https URL), naming its source.
/// Source: AWS SDKs reference guide, "Service-specific endpoints".
Result<std::string> choose_endpoint(const Environment& environment, const SharedFiles& files,
                                    const std::string& service, const std::string& region);

/// The DNS suffix of the partition that `region` is in: "amazonaws.com", "amazonaws.com.cn", ….
std::string_view dns_suffix(std::string_view region);

}  // namespace blox::aws
