namespace Slice.Core.Http;

/// <summary>Recognises methods by their bytes.</summary>
public static class RequestMethods
{
    /// <summary>
    /// The method whose name is exactly <paramref name="name"/>, else <see cref="RequestMethod.Other"/>. Does not check that the name is a
    /// token.
    /// </summary>
    public static RequestMethod Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 => name.SequenceEqual("GET"u8) ? RequestMethod.Get
            : name.SequenceEqual("PUT"u8) ? RequestMethod.Put : RequestMethod.Other,
        4 => name.SequenceEqual("HEAD"u8) ? RequestMethod.Head
            : name.SequenceEqual("POST"u8) ? RequestMethod.Post : RequestMethod.Other,
        5 => name.SequenceEqual("PURGE"u8) ? RequestMethod.Purge
            : name.SequenceEqual("PATCH"u8) ? RequestMethod.Patch
            : name.SequenceEqual("TRACE"u8) ? RequestMethod.Trace : RequestMethod.Other,
        6 => name.SequenceEqual("DELETE"u8) ? RequestMethod.Delete : RequestMethod.Other,
        7 => name.SequenceEqual("OPTIONS"u8) ? RequestMethod.Options
            : name.SequenceEqual("CONNECT"u8) ? RequestMethod.Connect : RequestMethod.Other,
        _ => RequestMethod.Other,
    };
}
