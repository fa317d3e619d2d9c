using System.Runtime.InteropServices;
using Blip.Checkpoints;
using Xunit;
using static Blip.Tests.Checkpoints.TorchFiles;

namespace Blip.Tests.Checkpoints;

/// <summary>
/// Legacy <c>pytorch_model.bin</c> files that are made to mislead: refused in one line, in no more memory than the file's size justifies.
/// </summary>
public class HostileTorchFileTests
{
    private const string Query = "text_encoder.encoder.layer.0.attention.self.query.weight";

    [Fact]
    public void Open_OneStorageReadAsTwoTypes_IsRefused()
    {
        // Counted in elements of two bytes and read in elements of four, the second tensor would end beyond the file.
        byte[] pickle = [.. Dictionary([("a", Tensor("k", "HalfStorage", [4096])), ("b", Tensor("k", "FloatStorage", [4096]))])];
        Assert.Contains("tensor b", Refusal(Legacy(pickle, ("k", 4096, new byte[8192]))), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ALongShapeRepeatedByTheMemo_IsRefusedInLittleMemory()
    {
        byte[] shape = [(byte)'(', .. Enumerable.Repeat<byte[]>([(byte)'K', 1], 200_000).SelectMany(b => b), .. "tq\u0003"u8];
        byte[] pickle =
        [
            .. "ctorch._utils\n_rebuild_tensor_v2\nq\u0001("u8, .. Storage("k", "FloatStorage", 1), .. "K\0"u8,
            .. shape, .. "h\u0003tq\u0002("u8,
            .. Enumerable.Repeat("h\u0001h\u0002R"u8.ToArray(), 2000).SelectMany(b => b), .. "t"u8,
        ];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal(Legacy(pickle));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 << 20);
    }

    [Fact]
    public void Open_ANameWithLineBreaks_IsShownOnOneShortLine()
    {
        string name = "evil\nname\u001b[31m" + new string('x', 10_000);
        string message = Refusal(Legacy([.. Dictionary([(name, Tensor("k", "FloatStorage", [99], 4))])], ("k", 4, new byte[16])));
        Assert.Contains("evil name", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.InRange(message.Length, 20, 400);
    }

    [Fact]
    public void FindNonFiniteTensor_InATransposedTensor_NamesIt()
    {
        using TempFolder folder = new();
        CopyBaseWithTransposedQuery(folder.Path, query => query[5] = float.NaN);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(Query, checkpoint.FindNonFiniteTensor());
    }

    [Fact]
    public void ComputeDigest_ATransposedTensorThatIsNoWeight_CountsItsShapeAlone()
    {
        using TempFolder with = new(), otherElements = new(), without = new();
        CopyBaseWithTransposedQuery(with.Path, _ => { }, ids: [1, 2, 3, 4]);
        CopyBaseWithTransposedQuery(otherElements.Path, _ => { }, ids: [1, 2, 3, 5]);
        CopyBaseWithTransposedQuery(without.Path, _ => { });
        using Checkpoint first = Checkpoint.Open(with.Path), second = Checkpoint.Open(otherElements.Path);
        using Checkpoint third = Checkpoint.Open(without.Path);
        Assert.Equal(first.ComputeDigest(), second.ComputeDigest());
        Assert.NotEqual(first.ComputeDigest(), third.ComputeDigest());
    }

    /// <summary>Copies <c>base</c> in the legacy form, with one weight transposed, and transposed <c>position_ids</c> if given.</summary>
    private static void CopyBaseWithTransposedQuery(string folder, Action<float[]> change, long[]? ids = null)
    {
        CheckpointTests.Copy("base", folder);
        List<(string, byte[])> tensors = [];
        List<(string, long, byte[])> storages = [];
        using (Checkpoint original = Checkpoint.Open(folder))
        {
            foreach (CheckpointTensor tensor in original.Tensors.Values.DistinctBy(tensor => tensor.Name))
            {
                float[] values = new float[tensor.ElementCount];
                tensor.CopyTo(values);
                if (tensor.Name == Query)
                    change(values);
                int[] shape = [.. tensor.Shape.Select(d => (int)d)];
                int[]? strides = tensor.Name == Query ? [1, shape[0]] : null;
                tensors.Add((tensor.Name, Tensor(tensor.Name, "FloatStorage", shape, values.Length, strides)));
                storages.Add((tensor.Name, values.Length, MemoryMarshal.AsBytes<float>(values).ToArray()));
            }
        }
        if (ids is not null)
        {
            tensors.Add(("text_encoder.embeddings.position_ids", Tensor("ids", "LongStorage", [2, 2], 4, [1, 2])));
            storages.Add(("ids", 4, MemoryMarshal.AsBytes<long>(ids).ToArray()));
        }
        File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), Legacy([.. Dictionary(tensors)], [.. storages]));
        File.Delete(Path.Combine(folder, "model.safetensors"));
    }

    private static string Refusal(byte[] file)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        File.Delete(Path.Combine(folder.Path, "model.safetensors"));
        File.WriteAllBytes(Path.Combine(folder.Path, "pytorch_model.bin"), file);
        return Assert.Throws<BlipModelException>(() => Checkpoint.Open(folder.Path)).Message;
    }
}
