#include "command.hpp"

#include <CLI/CLI.hpp>

namespace evseal::cli {

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::one_of(std::initializer_list<const char*> values) const {
  option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
  return *this;
}

Option Option::between(std::int64_t least, std::int64_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::not_with(const Option& other) const {
  option_->excludes(other.option_);
  return *this;
}

bool Option::given() const {
  return option_->count() > 0;
}

Option Command::add_option(const std::string& names, std::string& value,
                           const std::string& about) const {
  return Option(*app_->add_option(names, value, about));
}

Option Command::add_option(const std::string& names, int& value, const std::string& about) const {
  return Option(*app_->add_option(names, value, about));
}

Option Command::add_option(const std::string& names, unsigned& value,
                           const std::string& about) const {
  return Option(*app_->add_option(names, value, about));
}

Option Command::add_option(const std::string& names, std::optional<unsigned>& value,
                           const std::string& about) const {
  return Option(*app_->add_option(names, value, about));
}

Option Command::add_option(const std::string& names, std::optional<unsigned long>& value,
                           const std::string& about) const {
  return Option(*app_->add_option(names, value, about));
}

Option Command::add_option(const std::string& names, std::vector<std::string>& values,
                           const std::string& about) const {
  return Option(*app_->add_option(names, values, about));
}

Option Command::add_list(const std::string& names, std::vector<std::string>& values,
                         const std::string& about) const {
  return Option(*app_->add_option(names, values, about)->allow_extra_args(false));
}

Option Command::add_flag(const std::string& names, bool& value, const std::string& about) const {
  return Option(*app_->add_flag(names, value, about));
}

}  // namespace evseal::cli
