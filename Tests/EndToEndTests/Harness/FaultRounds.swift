import Foundation

/// How much is asked of the tests of faults: `PXEBUILD_FAULT_ROUNDS` kills, and seconds in proportion (0.3 s for each
/// kill). All 200 in CI, fewer where somebody waits for them.
enum FaultRounds {
  static let kills: Int = {
    let variables = ProcessInfo.processInfo.environment
    return variables["PXEBUILD_FAULT_ROUNDS"].flatMap { Int($0) }
      ?? (variables["CI"] == "true" ? 200 : 60)
  }()

  static var seconds: Double { Double(kills) * 0.3 }

  /// Of so many tries of one thing, those that are made.
  static func some<Element>(of tries: [Element]) -> [Element] {
    if kills >= 200 { return tries }
    return stride(from: 0, to: tries.count, by: 3).map { tries[$0] }
  }
}

/// Random numbers that a test which failed can be run with again: `PXEBUILD_FAULT_SEED` sets the seed, which is printed.
/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init(_ purpose: String) {
    let given = ProcessInfo.processInfo.environment["PXEBUILD_FAULT_SEED"].flatMap { UInt64($0) }
    seed = given ?? UInt64.random(in: 0..<1_000_000)
    state = seed
    print("\(purpose): PXEBUILD_FAULT_SEED=\(seed)")
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
