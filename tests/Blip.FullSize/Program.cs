using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Blip.FullSize;
using Blip.Tests;

// Writes the full-size reference model to a folder: dotnet run -c Release --project tests/Blip.FullSize -- FOLDER [--verify]
if (args.Length is 0 or > 2 || (args.Length == 2 && args[1] != "--verify"))
{
    Console.Error.WriteLine("Name the folder for the model (1.4 GB): FOLDER [--verify]");
    return 2;
}

string folder = args[0];
Directory.CreateDirectory(folder);
File.Copy(TestPaths.Golden("full-size", "config.json"), Path.Combine(folder, "config.json"), overwrite: true);
foreach (string file in (string[])["vocab.txt", "tokenizer.json"])
    File.Copy(TestPaths.Golden("tokenizer", file), Path.Combine(folder, file), overwrite: true);

int wrong = 0, total = 0;
bool verify = args.Length == 2;
FullSizeRecipe.Write(folder, (entry, values) =>
{
    total++;
    if (verify && Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(values))) != entry.Sha256)
    {
        wrong++;
        Console.Error.WriteLine($"{entry.Name} does not have the reference's digest");
    }
});
Console.WriteLine(verify ? $"{total - wrong} of {total} tensors have the reference's digests" : $"{total} tensors written");
return wrong == 0 ? 0 : 1;
