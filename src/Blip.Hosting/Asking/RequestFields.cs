using System.Text.Json;

namespace Blip.Hosting.Asking;

/// <summary>
/// What a request says beside its images. The names are the same in JSON, in forms, and in the query where an image is the body. For one
/// request.
/// </summary>
internal abstract class RequestFields
{
    /// <summary>A sentence that says what to send, for an unknown field.</summary>
    public abstract string Expected { get; }

    /// <summary>Whether several images are one.</summary>
    public virtual bool Frames => false;

    /// <summary>Whether it is a name of a field.</summary>
    public abstract bool Has(string name);

    /// <summary>Reads a member of a JSON object.</summary>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>: the value is of the wrong kind.</exception>
    public abstract void Read(string name, JsonElement value);

    /// <summary>Reads a part of a form, or of a query, where a list is a name that is repeated.</summary>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>: the value is of the wrong kind.</exception>
    public abstract void Read(string name, string value);

    /// <summary>Refuses what has to be there and is not, or is too much.</summary>
    public abstract void Check();

    protected static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
