/// How a FAT file system of a size is laid out (Microsoft's FAT specification, 1.03).
struct FATGeometry: Equatable {
  /// Of the file system, in MiB.
  let mebibytes: Int

  /// FAT16 where its 65 524 clusters do with 8 KiB each, else FAT32; every firmware reads both.
  var isFAT32: Bool { mebibytes > 496 }

  /// Of a cluster, in sectors of 512 bytes.
  var clusterSectors: Int {
    if isFAT32 {
      // As Windows formats: 4 KiB up to 8 GiB, then twice as much for twice the size.
      return mebibytes <= 8 << 10 ? 8 : mebibytes <= 16 << 10 ? 16 : 32
    }
    var count = 1
    while 31 * count < mebibytes { count *= 2 }
    return count
  }

  /// How many clusters files can have at least.
  var clusters: Int {
    let sectors = mebibytes << 11
    let most = sectors / clusterSectors
    // Both copies of the table, the sectors before them, FAT16's root folder.
    let tables = 2 * (most * (isFAT32 ? 4 : 2) / 512 + 1)
    return (sectors - tables - 64) / clusterSectors
  }

  /// The smallest one, from 8 MiB on, that holds files of some sizes in some folders.
  static func fitting(_ sizes: [Int64], folders: Int) -> FATGeometry {
    let bytes = sizes.reduce(0, +)
    var mebibytes = max(8, Int(bytes >> 20))
    while !FATGeometry(mebibytes: mebibytes).holds(sizes, folders: folders) { mebibytes += 1 }
    return FATGeometry(mebibytes: mebibytes)
  }

  /// True when it has room for files of some sizes in some folders, and for what SYSLINUX adds.
  func holds(_ sizes: [Int64], folders: Int) -> Bool {
    let cluster = Int64(clusterSectors * 512)
    // A long name takes up to 21 entries of 32 bytes in its folder; SYSLINUX has 256 KiB at most.
    let names = Int64(sizes.count + folders) * 21 * 32
    let files = sizes.reduce(Int64(0)) { $0 + ($1 + cluster - 1) / cluster }
    return files + Int64(2 * folders) + (names + (256 << 10)) / cluster + 2 <= Int64(clusters)
  }
}
