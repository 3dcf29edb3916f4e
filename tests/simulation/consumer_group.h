// The consumer group's coordinator: members, generations, and who is assigned what, as with cooperative-sticky.
//
// A partition moves in two rounds: its holder is told to give it up, and only when that one has joined again without it
// is it given to another. Members learn of a round by their heartbeats; one that is silent for the session is put out,
// and what it held is given away. A static member that comes back in time gets its partitions at once, and whoever used
// its name before is fenced.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/broker.h"

namespace ebc::simulation {

struct Assignment {
  int generation = -1;
  std::set<Partition> inputs;
};

enum class Beat { Ok, Rebalance, UnknownMember, InstanceFenced };

class ConsumerGroup final : public MemberCheck {
 public:
  /// A member's side: where assignments arrive. Called at any time; must only take note.
  class Member {
   public:
    virtual ~Member() = default;
    virtual void on_assignment(Assignment assignment) = 0;
  };

  ConsumerGroup(Scheduler& scheduler, Broker& broker, Duration session);

  static constexpr int kUnknown = -1;
  /// `id` 0: a new member; `instance` empty: a dynamic one. Returns the member's id (0: its name is somebody else's by
  /// now; kUnknown: it was put out). The assignment comes when the round is over.
  int join(int id, const std::string& instance, Member& client, const std::set<Partition>& owned);
  Beat heartbeat(int id);
  /// The client is gone; a member that doesn't leave is silent from here on.
  void disconnect(int id, bool leave);
  /// The member has answered that it holds `inputs` no more.
  void released(int id, const std::set<Partition>& inputs);

  Answer check(MemberId member) const override;
  /// Who may write for the partition: assigned to it, and not given back; 0: nobody.
  int owner(Partition input) const;
  /// Partitions that the one who assigns knows of: lags behind a topic that grows.
  void show_partitions(int count);
  /// Nobody knows what happened to the member: it is put out.
  void expel(int id) { remove(id); }
  std::vector<int> members() const;
  /// Names of the static ones.
  std::set<std::string> static_members() const;
  bool stable() const { return !round_open_; }

 private:
  struct State {
    std::string instance;
    Member* client = nullptr;
    Timestamp seen{};
    bool joined = false;  ///< in the round that is open
    std::set<Partition> claims, assigned;
  };

  void open_round();
  void finish_round_if_all_joined();
  void finish_round();
  void remove(int id);
  void look();

  Scheduler& scheduler_;
  const Duration session_;
  std::map<int, State> members_;
  std::map<int, int> fenced_;  ///< by static name: old id, new id
  std::map<Partition, int> owners_;
  int partitions_ = 0;
  int last_id_ = 0, generation_ = 0;
  bool round_open_ = false;
  Timestamp round_until_{};
};

}  // namespace ebc::simulation
