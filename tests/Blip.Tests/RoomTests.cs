using Xunit;

namespace Blip.Tests;

/// <summary>The rooms of the core depend on one another as docs/architecture.md says, and in no other way.</summary>
public sealed class RoomTests
{
    /// <summary>What each room may use. Rooms come before those that use them, so that there is no circle.</summary>
    private static readonly (string Room, string[] MayUse)[] Rooms =
    [
        ("Checkpoints", []),
        ("Scheduling", []),
        ("Decoding", []),
        ("Images", []),
        ("Graphs", ["Checkpoints"]),
        ("Text", ["Checkpoints"]),
        ("Telemetry", ["Images"]),
        ("Runtime", ["Checkpoints", "Graphs"]),
        ("Calibrating", ["Checkpoints", "Runtime"]),
        ("Networks", ["Checkpoints", "Decoding", "Graphs", "Runtime", "Scheduling", "Text"]),
        ("Caching", ["Networks"]),
        ("Answering", ["Decoding", "Images", "Networks", "Scheduling", "Telemetry", "Text"]),
        ("Captioning", ["Answering", "Networks", "Scheduling"]),
        ("Matching", ["Answering", "Decoding", "Networks", "Scheduling"]),
    ];

    private static string Core => Path.Combine(TestPaths.Root, "src", "Blip");

    [Fact]
    public void EveryFolderOfTheCore_IsARoomThatIsKnownHere() => Assert.Equal(
        Rooms.Select(room => room.Room).Order(StringComparer.Ordinal),
        new DirectoryInfo(Core).GetDirectories().Where(folder => folder.EnumerateFiles("*.cs", SearchOption.AllDirectories).Any())
            .Select(folder => folder.Name).Where(name => name is not ("bin" or "obj")).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryRoom_UsesOnlyWhatItMay()
    {
        HashSet<string> before = [];
        foreach ((string room, string[] mayUse) in Rooms)
        {
            Assert.Subset(before, mayUse.ToHashSet());
            before.Add(room);
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Core, room), "*.cs", SearchOption.AllDirectories))
            {
                string text = File.ReadAllText(file);
                foreach ((string other, _) in Rooms.Where(other => other.Room != room && !mayUse.Contains(other.Room)))
                    Assert.False(text.Contains($"Blip.{other}", StringComparison.Ordinal), $"{file} uses {other}.");
            }
        }
    }
}
