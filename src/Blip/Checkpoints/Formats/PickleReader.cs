using System.Buffers.Binary;
using System.Text;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// Reads the pickles that PyTorch writes for a dictionary of tensors, as data only: the opcodes and names that such a file needs are
/// known here, any other is refused, and nothing in a file is ever executed. Work and memory are bounded by the bytes read.
/// </summary>
internal ref struct PickleReader(string file, ReadOnlySpan<byte> bytes)
{
    private const int MaxBytes = 64 << 20, MaxNodes = 4_000_000, MaxDimensions = 16;

    private static readonly object Mark = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private ReadOnlySpan<byte> _rest = bytes;
    private int _nodes;

    /// <summary>What follows the last pickle read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Reads one pickle up to its end.</summary>
    public object? Read()
    {
        _stack.Clear();
        _memo.Clear();
        int start = _rest.Length;
        while (true)
        {
            if (++_nodes > MaxNodes || start - _rest.Length > MaxBytes)
                throw Refused("it is too large for a list of tensors");
            byte op = Take(1)[0];
            switch ((char)op)
            {
                case '.': return _stack.Count == 1 ? Pop() : throw Refused("it does not end with one value");
                case (char)0x80: Take(1); break;
                case '(': Push(Mark); break;
                case 'c': Push(ReadGlobal()); break;
                case 'R': Reduce(); break;
                case (char)0x81: NewObject(); break;
                case 'b': Build(); break;
                case 'Q': Push(ReadStorage(Pop())); break;
                case 'N': Push(null); break;
                case (char)0x88: Push(true); break;
                case (char)0x89: Push(false); break;
                case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
                case 'K': Push((long)Take(1)[0]); break;
                case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
                case (char)0x8a: Push(ReadLong(Take(Take(1)[0]))); break;
                case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
                case 'X': Push(Encoding.UTF8.GetString(Take(Length(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))))); break;
                case 'U': Push(Encoding.Latin1.GetString(Take(Take(1)[0]))); break;
                case ')': Push(Array.Empty<object?>()); break;
                case ']': Push(new List<object?>()); break;
                case '}': Push(new PickleDictionary()); break;
                case 't': Push(PopToMark()); break;
                case (char)0x85: Push(PopMany(1)); break;
                case (char)0x86: Push(PopMany(2)); break;
                case (char)0x87: Push(PopMany(3)); break;
                case 'a': object? item = Pop(); List().Add(item); break;
                case 'e': object?[] items = PopToMark(); List().AddRange(items); break;
                case 's': object?[] pair = PopMany(2); SetItems(pair); break;
                case 'u': SetItems(PopToMark()); break;
                case 'h': Push(Recall(Take(1)[0])); break;
                case 'j': Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
                case 'q': _memo[Take(1)[0]] = Peek(); break;
                case 'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek(); break;
                default: throw Refused(FormattableString.Invariant($"it uses the instruction 0x{op:x2}, which is not allowed"));
            }
        }
    }

    private PickleGlobal ReadGlobal()
    {
        string name = ReadLine() + "." + ReadLine();
        bool known = name is "collections.OrderedDict" or "torch.Size"
            or "torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_parameter"
            || (name.StartsWith("torch.", StringComparison.Ordinal) && TorchTensors.IsStorage(name[6..]));
        return known
            ? new PickleGlobal(name)
            : throw new BlipModelException(
                $"The pickle in {file} is refused: it names {PlainFileName.Shown(name)}, which is not allowed in a list of tensors; " +
                "nothing in it was run. Use the model in the safetensors format.");
    }

    private void Reduce()
    {
        object?[] arguments = Pop() as object?[] ?? throw Refused("a call in it has no arguments");
        string name = (Pop() as PickleGlobal)?.Name ?? throw Refused("a call in it names nothing");
        Push((name, arguments) switch
        {
            ("collections.OrderedDict", []) => new PickleDictionary(),
            ("torch.Size", [object?[] sizes]) => sizes,
            ("torch._utils._rebuild_parameter", [PickleTensor tensor, ..]) => tensor,
            ("torch._utils._rebuild_tensor_v2", [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..]) =>
                new PickleTensor(storage, offset, Numbers(shape), Numbers(strides)),
            _ => throw Refused($"it calls {name} in a way that is not allowed"),
        });
    }

    private void NewObject()
    {
        if (PopMany(2) is not [PickleGlobal { Name: "collections.OrderedDict" }, object?[] { Length: 0 }])
            throw Refused("it makes an object that is not allowed");
        Push(new PickleDictionary());
    }

    /// <summary>The attributes of a dictionary, such as PyTorch's version notes: dropped.</summary>
    private void Build()
    {
        Pop();
        if (Peek() is not PickleDictionary)
            throw Refused("it sets the state of an object, which is not allowed");
    }

    private readonly PickleStorage ReadStorage(object? id)
    {
        if (id is not object?[] { Length: 5 or 6 } parts || parts is not ["storage", PickleGlobal type, string key, string, long count, ..]
            || !TorchTensors.IsStorage(type.Name[6..]) || count < 0)
            throw Refused("a tensor in it has no valid storage");
        if (parts.Length == 5 || parts[5] is null)
            return new PickleStorage(type.Name[6..], key, count, ViewOffset: 0);
        if (parts[5] is not object?[] view || view is not [string, long offset, long length]
            || offset < 0 || length < 0 || offset > count - length)
            throw Refused("a view in it is outside its storage");
        return new PickleStorage(type.Name[6..], key, length, offset);
    }

    private readonly void SetItems(object?[] items)
    {
        if (Peek() is not PickleDictionary dictionary || items.Length % 2 != 0)
            throw Refused("it fills something that is not a dictionary");
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Items.Add(new(items[i], items[i + 1]));
    }

    private readonly List<object?> List() => Peek() as List<object?> ?? throw Refused("it fills something that is not a list");

    private readonly object? Recall(long index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw Refused("it refers to a value that it did not store");

    private readonly long[] Numbers(object?[] values)
    {
        // The memo lets a few bytes repeat a long tuple, and every repetition is copied here.
        if (values.Length > MaxDimensions)
            throw Refused("a tensor in it has too many dimensions");
        long[] numbers = new long[values.Length];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = values[i] is long n ? n : throw Refused("a tensor in it has no valid size");
        return numbers;
    }

    private readonly long ReadLong(ReadOnlySpan<byte> bytes)
    {
        // The one integer beyond 64 bits is the magic number of the legacy form.
        if (bytes.Length > 8)
        {
            return bytes.SequenceEqual(LegacyTorchFile.Magic)
                ? LegacyTorchFile.MagicMark
                : throw Refused("it holds an integer beyond 64 bits");
        }
        long value = bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private string ReadLine()
    {
        int end = _rest[..Math.Min(_rest.Length, 256)].IndexOf((byte)'\n');
        if (end < 0)
            throw Refused("a name in it has no end");
        string line = Encoding.Latin1.GetString(_rest[..end]);
        _rest = _rest[(end + 1)..];
        return line;
    }

    private readonly int Length(uint length) => length <= MaxBytes ? (int)length : throw Refused("text in it is too long");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_rest.Length < count)
            throw Refused("it is truncated");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private readonly void Push(object? value) => _stack.Add(value);

    private readonly object? Peek() => _stack.Count > 0 ? _stack[^1] : throw Refused("its stack is empty");

    private readonly object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value == Mark ? throw Refused("its marks are out of order") : value;
    }

    private readonly object?[] PopMany(int count)
    {
        object?[] values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            values[i] = Pop();
        return values;
    }

    private readonly object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Refused("its marks are out of order");
        object?[] values = [.. _stack.Skip(mark + 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private readonly BlipModelException Refused(string defect) =>
        new($"The pickle in {file} is refused: {defect}. Use the model in the safetensors format, or download the file again.");
}
