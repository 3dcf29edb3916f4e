// The orders that take something away: topics and consumer groups.
#include <fmt/format.h>

#include <thread>

#include "topology/kafka_admin.h"
#include "topology/kafka_error.h"

namespace ebc::topology {
namespace {

constexpr int kRequestMs = 15'000;

using Event = std::unique_ptr<rd_kafka_event_t, KafkaDeleter<rd_kafka_event_destroy>>;

Result<Event> answer(rd_kafka_queue_t* queue, const std::string& what) {
  Event event(rd_kafka_queue_poll(queue, kRequestMs + 1'000));
  if (!event) return Status(Verdict::Retry, what + ": no answer in time");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Verdict::Retry, fmt::format("{}: {}", what, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

Status refused(const std::string& what, rd_kafka_resp_err_t code) {
  return {Verdict::Fatal, fmt::format("{}: {}", what, rd_kafka_err2str(code))};
}

}  // namespace

Status KafkaAdmin::delete_topic(const std::string& topic) {
  const std::string what = "delete topic " + topic;
  using Deletion = std::unique_ptr<rd_kafka_DeleteTopic_t, KafkaDeleter<rd_kafka_DeleteTopic_destroy>>;
  const Deletion deletion(rd_kafka_DeleteTopic_new(topic.c_str()));
  const KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_DeleteTopic_t* deletions[] = {deletion.get()};
  rd_kafka_DeleteTopics(client_.get(), deletions, 1, nullptr, queue.get());
  auto event = answer(queue.get(), what);
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      return refused(what, code);
    }
  }
  // The answer comes before every broker knows.
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto found = facts(topic);
    if (found.ok() && !found->exists) return {};
    std::this_thread::sleep_for(Duration{100});
  }
  return {Verdict::Retry, what + ": it is still there"};
}

Result<std::vector<GroupMember>> KafkaAdmin::members(const std::string& group) {
  const std::string what = "members of group " + group;
  const KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  const char* groups[] = {group.c_str()};
  rd_kafka_DescribeConsumerGroups(client_.get(), groups, 1, nullptr, queue.get());
  auto event = answer(queue.get(), what);
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
      members.push_back({rd_kafka_MemberDescription_client_id(member), rd_kafka_MemberDescription_host(member)});
    }
  }
  return members;
}

Status KafkaAdmin::delete_group(const std::string& group) {
  const std::string what = "delete group " + group;
  using Deletion = std::unique_ptr<rd_kafka_DeleteGroup_t, KafkaDeleter<rd_kafka_DeleteGroup_destroy>>;
  const Deletion deletion(rd_kafka_DeleteGroup_new(group.c_str()));
  const KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_DeleteGroup_t* deletions[] = {deletion.get()};
  rd_kafka_DeleteGroups(client_.get(), deletions, 1, nullptr, queue.get());
  auto event = answer(queue.get(), what);
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* error = rd_kafka_group_result_error(results[i]);
    if (error == nullptr || rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) continue;
    return refused(what, rd_kafka_error_code(error));
  }
  return {};
}

}  // namespace ebc::topology
