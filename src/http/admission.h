// Admission: who may ask, decided at the end of a request's head, before a byte of its body is
// asked for.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "http/allowed_hosts.h"
#include "http/message.h"

namespace blox::http {

/// One reason to refuse. Pure: it knows nothing but the head, its peer among it.
class AdmissionRule {
 public:
  virtual ~AdmissionRule() = default;
  /// The answer to who is not to be let in; nullopt: as far as this rule goes, let in.
  virtual std::optional<Response> refuse(const Request& head) const = 0;
};

/// Host has to be a name of ours, for every method: a foreign name is how DNS rebinding shows.
std::unique_ptr<AdmissionRule> make_host_rule(std::shared_ptr<const AllowedHosts> allowed);
/// Origin, where there is one, has to be a page of ours: others may not ask in a visitor's name.
std::unique_ptr<AdmissionRule> make_origin_rule(std::shared_ptr<const AllowedHosts> allowed);
/// What a browser says that a page of another site asks for is refused, unless the page's Origin
/// is there and let in, or a person follows a link to a document.
std::unique_ptr<AdmissionRule> make_fetch_site_rule(std::shared_ptr<const AllowedHosts> allowed);

/// Threading: any, once all rules are added.
class Admission {
 public:
  void add(std::unique_ptr<AdmissionRule> rule) { rules_.push_back(std::move(rule)); }

  /// In whose name `head` acts, or the answer of the first rule that refuses it. What is open
  /// (Route::is_open) no rule is asked about.
  std::expected<Principal, Response> admit(const Request& head, const Route& route) const;

 private:
  std::vector<std::unique_ptr<AdmissionRule>> rules_;
};

/// The rules that every server has.
Admission make_admission(std::shared_ptr<const AllowedHosts> allowed);

}  // namespace blox::http
