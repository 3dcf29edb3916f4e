// Of KafkaAdmin what is about consumer groups.
#include <fmt/format.h>

#include "topology/kafka_admin.h"
#include "topology/kafka_request.h"

namespace ebc::topology {

Result<std::vector<GroupMember>> KafkaAdmin::members(const std::string& group) {
  const std::string what = "members of group " + group;
  const char* groups[] = {group.c_str()};
  auto event = ask_kafka(client_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConsumerGroups(client_.get(), groups, 1, nullptr, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  std::vector<GroupMember> members;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* error = rd_kafka_ConsumerGroupDescription_error(results[i]); error != nullptr) {
      if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) continue;
      return Status(Verdict::Retry, fmt::format("{}: {}", what, rd_kafka_error_string(error)));
    }
    for (std::size_t m = 0; m < rd_kafka_ConsumerGroupDescription_member_count(results[i]); ++m) {
      const auto* member = rd_kafka_ConsumerGroupDescription_member(results[i], m);
      const char* instance_id = rd_kafka_MemberDescription_group_instance_id(member);
      members.push_back({.client = rd_kafka_MemberDescription_client_id(member),
                         .host = rd_kafka_MemberDescription_host(member),
                         .instance_id = instance_id != nullptr ? instance_id : ""});
    }
  }
  return members;
}

Status KafkaAdmin::delete_group(const std::string& group) {
  const std::string what = "delete group " + group;
  using Deletion = std::unique_ptr<rd_kafka_DeleteGroup_t, KafkaDeleter<rd_kafka_DeleteGroup_destroy>>;
  const Deletion deletion(rd_kafka_DeleteGroup_new(group.c_str()));
  rd_kafka_DeleteGroup_t* deletions[] = {deletion.get()};
  auto event = ask_kafka(client_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteGroups(client_.get(), deletions, 1, nullptr, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event->get()), &count);
  const auto code_of = [](const rd_kafka_group_result_t* result) {
    const auto* error = rd_kafka_group_result_error(result);
    return error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
  };
  return all_deleted(what, std::span(results, count), code_of, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND);
}

}  // namespace ebc::topology
