namespace Blip.Hub;

/// <summary>What <see cref="HubClient.RepairAsync"/> did.</summary>
/// <param name="Folder">The full path of the snapshot folder, whose files are right now.</param>
/// <param name="Damaged">The names of the files that were damaged, and have been downloaded again.</param>
internal sealed record HubRepair(string Folder, IReadOnlyList<string> Damaged);
