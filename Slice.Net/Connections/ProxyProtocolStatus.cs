namespace Slice.Net.Connections;

/// <summary>What <see cref="ProxyProtocolHeader"/> found.</summary>
public enum ProxyProtocolStatus
{
    /// <summary>Not yet enough bytes to tell.</summary>
    Incomplete,

    /// <summary>A whole header.</summary>
    Complete,

    /// <summary>Something else, or a header that is wrong or longer than any sender makes it.</summary>
    Invalid,
}
