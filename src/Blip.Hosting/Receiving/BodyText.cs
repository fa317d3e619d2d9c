using System.Text;

namespace Blip.Hosting.Receiving;

/// <summary>
/// Follows a JSON body as it arrives. It finds the images in it, which stay where they are, and refuses more text than any question
/// needs before it has come. It does not check whether the JSON is right.
/// </summary>
internal sealed class BodyText
{
    /// <summary>The most bytes of a JSON body without its images: many times what a model reads.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>A value takes many times its size when it is read.</summary>
    private const int MaxValues = 1 << 16;

    /// <summary>A shorter image is left in the text.</summary>
    private const int LeastImage = 4096;

    private readonly List<Range> _images = [];
    private int _at, _open = -1, _imageBytes, _values;
    private Range _lastString, _lastName;

    /// <summary>Reads on.</summary>
    /// <param name="body">All that has come so far.</param>
    /// <exception cref="FailureException">There is too much text.</exception>
    public void Follow(ReadOnlySpan<byte> body)
    {
        while (_at < body.Length)
        {
            if (_open < 0)
                ReadOutside(body);
            else if (!ReadString(body))
                break;
        }
        int open = _open >= 0 && IsImage(body, _open..body.Length) ? body.Length - _open : 0;
        if (body.Length - _imageBytes - open > MaxBytes)
            throw new FailureException(Failure.TextTooLarge(MaxBytes));
        if (_values > MaxValues)
            throw new FailureException(Failure.TooManyValues(MaxValues));
    }

    /// <summary>Copies the text, with a name in place of each image.</summary>
    /// <param name="body">The whole body.</param>
    /// <param name="take">Keeps an image and gives its name.</param>
    public byte[] Extract(Memory<byte> body, Func<Memory<byte>, string> take)
    {
        using MemoryStream text = new(body.Length - _imageBytes + (_images.Count * 32));
        int copied = 0;
        foreach (Range image in _images)
        {
            text.Write(body.Span[copied..image.Start.Value]);
            text.Write(Encoding.ASCII.GetBytes(take(body[image])));
            copied = image.End.Value;
        }
        text.Write(body.Span[copied..]);
        return text.ToArray();
    }

    private void ReadOutside(ReadOnlySpan<byte> body)
    {
        switch (body[_at])
        {
            case (byte)'"':
                _open = _at + 1;
                break;
            case (byte)':':
                _lastName = _lastString;
                break;
            case (byte)',':
                _values++;
                break;
        }
        _at++;
    }

    /// <returns>Whether more can be read.</returns>
    private bool ReadString(ReadOnlySpan<byte> body)
    {
        int found = body[_at..].IndexOfAny((byte)'"', (byte)'\\');
        _at = found < 0 ? body.Length : _at + found;
        if (_at == body.Length)
            return false;
        if (body[_at] == (byte)'\\')
        {
            // What is escaped may not have come yet.
            if (_at + 1 == body.Length)
                return false;
            _at += 2;
            return true;
        }
        _lastString = _open.._at;
        if (_at - _open >= LeastImage && IsImage(body, _lastString))
        {
            _images.Add(_lastString);
            _imageBytes += _at - _open;
        }
        _open = -1;
        _at++;
        return true;
    }

    private bool IsImage(ReadOnlySpan<byte> body, Range text)
    {
        ReadOnlySpan<byte> name = body[_lastName];
        // Under these two it is plain base64, in the forms of Ollama and of MCP.
        return name.SequenceEqual("images"u8) || name.SequenceEqual("data"u8)
            || ((name.SequenceEqual("image"u8) || name.SequenceEqual("url"u8) || name.SequenceEqual("image_url"u8))
                && TakenImage.IsDataUri(body[text]));
    }
}
