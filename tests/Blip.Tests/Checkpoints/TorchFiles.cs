using System.Buffers.Binary;
using System.Text;
using Blip.Checkpoints;

namespace Blip.Tests.Checkpoints;

/// <summary>Writes files as torch.save did before version 1.6: pickles, then the elements of each storage.</summary>
internal static class TorchFiles
{
    public static byte[] Legacy(byte[] pickle, params (string Key, long Count, byte[] Data)[] storages) =>
    [
        0x80, 2, 0x8a, 10, .. LegacyTorchFile.Magic, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.',
        0x80, 2, .. "}("u8, .. Text("little_endian"), 0x88, .. "u."u8,
        0x80, 2, .. pickle, (byte)'.', 0x80, 2, .. "]("u8, .. storages.SelectMany(s => Text(s.Key)), .. "e."u8,
        .. storages.SelectMany(s => (byte[])[.. BitConverter.GetBytes(s.Count), .. s.Data]),
    ];

    public static IEnumerable<byte> Dictionary(IEnumerable<(string Name, byte[] Tensor)> tensors) =>
        [.. "}("u8, .. tensors.SelectMany(t => (byte[])[.. Text(t.Name), .. t.Tensor]), .. "u"u8];

    public static byte[] Tensor(string key, string type, int[] shape, int? count = null, int[]? strides = null)
    {
        if (strides is null)
        {
            strides = new int[shape.Length];
            for (int d = shape.Length - 1, stride = 1; d >= 0; stride *= shape[d--])
                strides[d] = stride;
        }
        return
        [
            .. "ctorch._utils\n_rebuild_tensor_v2\n("u8, .. Storage(key, type, count ?? shape.Aggregate(1, (a, b) => a * b)),
            .. "K\0("u8, .. shape.SelectMany(Number), .. "t("u8,
            .. strides.SelectMany(Number), (byte)'t', 0x89, .. "ccollections\nOrderedDict\n)RtR"u8,
        ];
    }

    public static byte[] Storage(string key, string type, int count) =>
    [
        .. "("u8, .. Text("storage"), .. Encoding.ASCII.GetBytes($"ctorch\n{type}\n"), .. Text(key), .. Text("cpu"), .. Number(count),
        .. "NtQ"u8,
    ];

    private static byte[] Number(int value)
    {
        byte[] bytes = [(byte)'J', 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    private static byte[] Text(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        return [(byte)'X', .. BitConverter.GetBytes(utf8.Length), .. utf8];
    }
}
